"""Reads what the quoters wrote with the real readers, and prints how many values differ.

quoters.py FORMAT FILE EXPECTED: EXPECTED has one base64 value a line.
"""
import base64
import configparser
import ctypes
import ctypes.util
import json
import subprocess
import sys
import xml.etree.ElementTree as etree


def ini(path, wanted):
    parser = configparser.ConfigParser()
    with open(path, encoding="utf-8") as f:
        parser.read_file(f)
    return [parser["values"][f"v{i}"].encode() for i in range(len(wanted))]


def xml(path, wanted):
    found = []
    for i, value in enumerate(etree.parse(path).getroot()):
        if not value.get("a") == value.get("b") == (value.text or ""):
            sys.exit(f"value {i} differs between an element and its attributes")
        found.append((value.text or "").encode())
    return found


def pgpass(path, wanted):
    """libpq looks the password up before it connects: PQpass gives it."""
    pq = ctypes.CDLL(ctypes.util.find_library("pq"))
    pq.PQconnectStartParams.restype = ctypes.c_void_p
    pq.PQpass.restype = ctypes.c_char_p
    pq.PQpass.argtypes = pq.PQfinish.argtypes = [ctypes.c_void_p]
    found = []
    for i, value in enumerate(wanted):
        options = {b"hostaddr": b"127.0.0.1", b"host": b"h%d" % i, b"port": b"1", b"dbname": b"db",
                   b"user": value or b"nobody", b"passfile": b"%s.%d" % (path.encode(), i // 100)}
        keys = (ctypes.c_char_p * (len(options) + 1))(*options.keys(), None)
        values = (ctypes.c_char_p * (len(options) + 1))(*options.values(), None)
        conn = pq.PQconnectStartParams(keys, values, 0)
        found.append(pq.PQpass(conn) or b"")
        pq.PQfinish(conn)
    return found


def jsons(path, wanted):
    with open(path, encoding="utf-8", newline="\n") as f:
        return [json.loads(line).encode() for line in f]


def words(script):
    """What a shell makes of the words that a script prints with a zero byte after each."""
    return subprocess.run(["/bin/sh"], input=script, stdout=subprocess.PIPE, check=True).stdout.split(b"\0")[:-1]


def shell(path, wanted):
    with open(path, "rb") as f:
        return words(f.read())


def env(path, wanted):
    printed = "".join(f'printf "%s\\0" "$V{i}"\n' for i in range(len(wanted)))
    return words(f". {path}\n{printed}".encode())


form, path, expected = sys.argv[1:]
with open(expected) as f:
    wanted = [base64.b64decode(line) for line in f]
found = {"ini": ini, "xml": xml, "pgpass": pgpass, "json": jsons, "shell": shell, "env": env}[form](path, wanted)
if len(found) != len(wanted):
    sys.exit(f"{len(found)} values, want {len(wanted)}")
differ = [i for i, (a, b) in enumerate(zip(found, wanted)) if a != b]
for i in differ[:5]:
    print(f"value {i}: {found[i]!r}, want {wanted[i]!r}")
print(f"{len(wanted)} read, {len(differ)} differ")
sys.exit(bool(differ))
