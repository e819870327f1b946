"""Passes files through mesh-sandbox with mesh-client (both from PyPI) and says what that cost, as one line of JSON.

Called by the measurement `files` with a folder for the sandbox's messages and the number of files. A file is sent from a folder, received,
written to another folder and acknowledged: a question and its result, as the bridge carries them. Plain HTTP, to the peer's advantage.
"""

import json
import os
import pathlib
import resource
import socket
import subprocess
import sys
import time
import urllib.request

import mesh_sandbox
from mesh_client import MeshClient


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(folder, count):
    work = pathlib.Path(folder)
    data = pathlib.Path(mesh_sandbox.__file__).parent / "store" / "data"
    store = work / "mailboxes"
    store.mkdir()
    for name in ("mailboxes.jsonl", "workflows.jsonl"):
        (work / name).write_bytes((data / name).read_bytes())
        (store / name).write_bytes((data / name).read_bytes())
    outgoing, incoming = work / "out", work / "in"
    outgoing.mkdir()
    incoming.mkdir()
    question = sys.stdin.buffer.read()
    for number in range(count):
        (outgoing / f"{number:06}.xml").write_bytes(question)
    port = free_port()
    settings = dict(os.environ, STORE_MODE="file", FILE_STORE_DIR=str(store), MAILBOXES_DATA_DIR=str(store), AUTH_MODE="no_auth")
    command = [sys.executable, "-m", "uvicorn", "mesh_sandbox.api:app", "--port", str(port), "--log-level", "critical"]
    server = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > until or server.poll() is not None:
                    raise
                time.sleep(0.05)
        box = ("X26ABC1", "password")
        with MeshClient(url, *box, shared_key=b"Banana", verify=False) as client:
            client.handshake()
            server_before, own_before = cpu(server.pid), time.process_time()
            begun = time.monotonic()
            for path in sorted(outgoing.iterdir()):
                client.send_message(box[0], path.read_bytes(), workflow_id="TEST")
            received = 0
            for message in client.iterate_all_messages():
                (incoming / f"{received:06}.xml").write_bytes(message.read())
                message.acknowledge()
                received += 1
            taken = time.monotonic() - begun
            own, served = time.process_time() - own_before, cpu(server.pid) - server_before
        print(json.dumps({"files": received, "seconds": taken, "client_cpu": own, "server_cpu": served,
                          "memory_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
    finally:
        server.terminate()
        server.wait()


main(sys.argv[1], int(sys.argv[2]))
