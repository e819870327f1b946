"""Asks about one test person over the Web API with nothing but Python's standard library.

Run it where the network's real names lead to the machine under trial:

    onshi names run -- python3 examples/ask.py
"""

import datetime
import http.client
import json
import os
import pathlib
import ssl
import sys

PORT = int(os.environ.get("ONSHI_PORT", "443"))
LOGIN = ("hweb-api.oqs.onshikaku.org", "/oqs-api-pro/MSA12020/ILI12020SV01/auth")
SEARCH = ("hweb-mnc.oqs.onshikaku.org", "/oqs-api-pro/MSA01030/ILI01030SV01/search")


def post(tls, host_and_path, body, token=None):
    host, path = host_and_path
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    if token:
        headers["Authorization"] = token
    connection = http.client.HTTPSConnection(host, PORT, context=tls, timeout=180)
    try:
        connection.request("POST", path, json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def main():
    # Only the center's own root is trusted, and the clinic's certificate is shown.
    tls = ssl.create_default_context(cafile=os.environ["ONSHI_ROOTS"])
    tls.load_cert_chain(os.environ["ONSHI_CERTIFICATE"], os.environ["ONSHI_KEY"])
    password = pathlib.Path(os.environ["ONSHI_PASSWORD_FILE"]).read_text().strip()
    status, reply = post(tls, LOGIN, {"userId": os.environ["ONSHI_ACCOUNT"], "password": password})
    if status != 200:
        sys.exit(f"login: {status} {reply['status']} {reply['msg']}")
    question = {
        "InsurerNumber": "06990014",
        "InsuredCardSymbol": "1",
        "InsuredIdentificationNumber": "1001",
        "InsuredBranchNumber": "00",
        "Birthdate": "19800101",
        "LimitApplicationCertificateRelatedConsFlg": "0",
    }
    japan = datetime.timezone(datetime.timedelta(hours=9))
    header = {
        "QualificationConfirmationDate": datetime.datetime.now(japan).strftime("%Y%m%d"),
        "MedicalInstitutionCode": os.environ["ONSHI_FACILITY"],
    }
    message = {"XmlMsg": {"MessageHeader": header, "MessageBody": {"QualificationConfirmSearchInfo": question}}}
    status, answer = post(tls, SEARCH, message, reply["result"]["idToken"])
    body = answer["XmlMsg"]["MessageBody"]
    if status != 200 or body["QualificationValidity"] != "1":
        sys.exit(f"search: {status} {answer}")
    record = body["ResultList"][0]["ResultOfQualificationConfirmation"]
    print(body["QualificationValidity"], record["Name"], record["InsurerName"])


if __name__ == "__main__":
    main()
