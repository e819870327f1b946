#!/usr/bin/env python3
"""Answers eligibility questions from a people CSV by the rules of ../../README.md, written from that page alone, to check the program against.

    oracle.py questions PEOPLE.csv --count N --seed S > QUESTIONS.csv    makes N questions about the people of the file
    oracle.py answers PEOPLE.csv QUESTIONS.csv > ANSWERS.csv             answers them

Only Python's standard library is used. QUESTIONS.csv has the values as a clinic would type them; ANSWERS.csv one line for each, in order.
"""

import argparse
import csv
import datetime
import random
import sys
import unicodedata

QUESTION = ["date", "insurer_number", "symbol", "number", "branch", "birthdate", "consent"]
ANSWER = ["validity", "records", "insurer_number", "number", "name", "lost", "reason", "ratio", "preschool", "limit", "elderly", "diseases",
          "tickets", "second"]


def day(text):
    return datetime.date(int(text[:4]), int(text[4:6]), int(text[6:8])) if text else None


def written(a_day):
    return a_day.strftime("%Y%m%d") if a_day else ""


# ---- the register

class Person:
    def __init__(self, row):
        self.name, self.birthdate, self.held = row["name"], day(row["birthdate"]), []


class Held:
    def __init__(self, row):
        self.card, self.insurer = row["card"], insurer_number(row["insurer_number"])
        self.symbol, self.number, self.branch = row["symbol"], row["number"], row["branch"]
        self.acquired, self.lost = day(row["qualification_date"]), day(row["disqualification_date"])
        self.issued, self.expires = day(row["issued"]), day(row["valid_to"])
        self.reason, self.ratio, self.certificates = row["reason_of_loss"], row["ratio"], []

    def valid(self, on):
        return self.acquired <= on and (self.lost is None or on < self.lost) and (self.expires is None or on <= self.expires)


def people(path):
    everyone, person = [], None
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            kind = row["record"]
            if kind == "person":
                person = Person(row)
                everyone.append(person)
            elif kind == "qualification":
                person.held.append(Held(row))
            elif kind != "insurer":
                person.held[-1].certificates.append(row)
    return everyone


# ---- how numbers are compared

def insurer_number(text):
    """Without padding: six digits for a municipal number, else eight."""
    digits = unicodedata.normalize("NFKC", text).strip().lstrip("0")
    return digits.zfill(6 if len(digits) <= 6 else 8)


SMALL = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
HYPHENS = set("-\u00ad\u2043\u2212\u2500\u2501\u30a0") | {chr(code) for code in range(0x2010, 0x2016)}


def compared(text):
    text = unicodedata.normalize("NFKC", text)
    text = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text).translate(SMALL)
    out = ""
    for c in text:
        if c.isspace() or c in HYPHENS:
            continue
        if c == "ー" and not (out and ("ァ" <= out[-1] <= "ヺ" or out[-1] == "ー")):
            continue
        out += c.upper()
    return out and (out.lstrip("0") or "0")


def branch_number(text):
    text = unicodedata.normalize("NFKC", text).strip()
    return int(text) if text else None


# ---- the rules

FAR = datetime.date.max


def precedence(held):
    """Sorts the one that is meant to the front."""
    def late_first(a_day, without):
        return -(a_day or without).toordinal()
    return (late_first(held.acquired, None), late_first(held.lost, FAR), late_first(held.expires, FAR), late_first(held.issued, datetime.date.min),
            held.branch, held.symbol, held.number, held.insurer)


def candidates(person, asked):
    if person.birthdate != day(asked["birthdate"]):
        return []
    symbol, branch = compared(asked["symbol"]), branch_number(asked["branch"])
    return [held for held in person.held
            if held.insurer == insurer_number(asked["insurer_number"])
            and compared(held.number) == compared(asked["number"])
            and (not symbol or compared(held.symbol) == symbol)
            and (branch is None or branch_number(held.branch) in (None, branch))]


def preschool(birthdate, on):
    try:
        six = birthdate.replace(year=birthdate.year + 6)
    except ValueError:
        six = datetime.date(birthdate.year + 6, 2, 28)
    counted = six - datetime.timedelta(days=1)
    last = datetime.date(counted.year, 3, 31)
    if counted > last:
        last = datetime.date(counted.year + 1, 3, 31)
    return on <= last


def in_force(held, kind, on):
    found = [row for row in held.certificates
             if row["record"] == kind and day(row["valid_from"]) <= on and (not row["valid_to"] or on <= day(row["valid_to"]))]
    return sorted(found, key=lambda row: (row["valid_from"], row["issued"]))


def answer(index, asked):
    result = dict.fromkeys(ANSWER, "")
    on = day(asked["date"])
    if on < day(asked["birthdate"]):
        return dict(result, validity="refused", records="0")
    key = (insurer_number(asked["insurer_number"]), day(asked["birthdate"]))
    meant = [(person, found) for person in index.get(key, []) if (found := candidates(person, asked))]
    if len(meant) != 1:
        return dict(result, validity="5" if meant else "4", records="0")
    person, found = meant[0]
    held = sorted([one for one in found if one.valid(on)] or found, key=precedence)[0]
    result.update(insurer_number=held.insurer, number=held.number, name=person.name, lost=written(held.lost), reason=held.reason,
                  ratio=held.ratio, preschool="1" if preschool(person.birthdate, on) else "", records="1")
    if not held.valid(on):
        newer = [one for one in person.held if one.valid(on) and one.acquired > held.acquired
                 and (one.insurer, compared(one.symbol), compared(one.number)) != (held.insurer, compared(held.symbol), compared(held.number))]
        return dict(result, validity="3" if newer else "2")
    result["validity"] = "1"
    if asked["consent"] == "1" and (limits := in_force(held, "limit", on)):
        result["limit"] = limits[-1]["class"] + limits[-1]["band"]
    if elderly := in_force(held, "elderly", on):
        result["elderly"] = elderly[-1]["ratio"]
    if asked["consent"] == "1":
        result["diseases"] = "".join(row["class"] for row in in_force(held, "disease", on))
    result["tickets"] = str(len(in_force(held, "ticket", on)) or "")
    assistance = sorted([one for one in person.held if one.card == "A1" and one.valid(on)], key=precedence)
    if held.card != "A1" and assistance:
        result.update(records="2", second=assistance[0].number, tickets=str(len(in_force(assistance[0], "ticket", on)) or ""))
    return result


def answers(everyone, questions):
    index = {}
    for person in everyone:
        for key in {(held.insurer, person.birthdate) for held in person.held}:
            index.setdefault(key, []).append(person)
    yield from (answer(index, asked) for asked in questions)


# ---- questions

def wide(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def some_day(rng, person, held):
    one = datetime.timedelta(days=1)
    edges = [d for edge in (held.acquired, held.lost, held.expires) if edge for d in (edge - one, edge, edge + one)]
    for row in held.certificates:
        edges += [d for edge in (day(row["valid_from"]), day(row["valid_to"])) if edge for d in (edge - one, edge, edge + one)]
    for other in person.held:
        edges += [other.acquired, other.acquired - one]
    today = datetime.date(2026, 10, 1)
    anywhere = datetime.date(2005, 1, 1) + datetime.timedelta(days=rng.randrange(11000))
    return rng.choice([today, today, rng.choice(edges), rng.choice(edges), anywhere])


def pools(everyone):
    """Everyone, and the few who are easily missed: those who share number and birth date with another, and those with certificates."""
    cards = {}
    for person in everyone:
        for held in person.held:
            cards.setdefault((held.insurer, compared(held.number), person.birthdate), set()).add(person)
    shared = [person for person in everyone
              if any(len(cards[held.insurer, compared(held.number), person.birthdate]) > 1 for held in person.held)]
    certified = [person for person in everyone if any(held.certificates for held in person.held)]
    return [everyone] * 16 + [certified or everyone] * 3 + [shared or everyone]


def question(rng, everyone, drawn_from):
    person = rng.choice(rng.choice(drawn_from))
    held = rng.choice(person.held)
    asked = {"date": written(some_day(rng, person, held)), "insurer_number": held.insurer, "symbol": held.symbol, "number": held.number,
             "branch": held.branch, "birthdate": written(person.birthdate), "consent": rng.choice("01")}
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        twist = rng.randrange(10)
        if twist == 0:
            asked["number"] = rng.choice(everyone).held[0].number if rng.random() < 0.5 else asked["number"] + "9"
        elif twist in (1, 2):
            asked["branch"] = ""
        elif twist == 3:
            asked["branch"] = rng.choice(["00", "01", "02", "7", "９９"])
        elif twist == 4:
            asked["symbol"] = ""
        elif twist == 5 and len(asked["symbol"]) < 20:
            asked["symbol"] = wide(asked["symbol"])
        elif twist == 6:
            asked["number"] = wide(asked["number"].zfill(9))
        elif twist == 7:
            asked["insurer_number"] = asked["insurer_number"].rjust(8, rng.choice(" 0"))
        elif twist == 8:
            asked["birthdate"] = written(rng.choice(everyone).birthdate)
        elif twist == 9:
            asked["symbol"] = rng.choice(["-".join(asked["symbol"]), " " + asked["symbol"] + "　", "0" + asked["symbol"], "記９"])
    return dict(asked, symbol=asked["symbol"] if len(asked["symbol"].strip()) <= 20 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    asking = modes.add_parser("questions")
    asking.add_argument("people")
    asking.add_argument("--count", type=int, required=True)
    asking.add_argument("--seed", type=int, required=True)
    answering = modes.add_parser("answers")
    answering.add_argument("people")
    answering.add_argument("questions")
    given = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    everyone = people(given.people)
    if given.mode == "questions":
        rng, everyone = random.Random(given.seed), [person for person in everyone if person.held]
        drawn_from = pools(everyone)
        columns, rows = QUESTION, (question(rng, everyone, drawn_from) for _ in range(given.count))
    else:
        with open(given.questions, encoding="utf-8", newline="") as file:
            questions = list(csv.DictReader(file))
        columns, rows = ANSWER, answers(everyone, questions)
    out = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


if __name__ == "__main__":
    main()
