"""Write yaml.json: what yaml.dump prints, as credstash calls it.

    test/interop/prepare test/interop/.venv
    test/interop/.venv/bin/python \
        internal/compat/credstash/testdata/record_yaml.py \
        > internal/compat/credstash/testdata/yaml.json
"""
import json
import random
import sys

import yaml

VALUES = [
    "", " ", "a", "a b", " a", "a ", "\n", "a\n", "\na", "a\nb", "a\n\nb\n\n", "a \nb", "a\n b", "\ta", "a\tb", "\r\n", "a\r\nb",
    "yes", "No", "on", "true", "null", "~", "Null", "1", "-1", "+1", "0", "010", "08", "0x1F", "0b11", "1_000", "1.5", "1.", ".5",
    "1e3", "1.0e+3", "1:30", "1:30.5", ".inf", "-.INF", ".nan", "2020-01-02", "2020-1-2", "2020-01-02T03:04:05Z",
    "2020-01-02 03:04:05.5 +01:00", "<<", "=", "-", "--", "---", "--- a", "...", "....", "- a", "-a", "?", "? a", "?a", ":", ": a",
    ":a", "a:", "a: b", "a:b", "a #b", "a#b", "#a", ",a", "[a", "]a", "{a", "}a", "&a", "*a", "!a", "|a", ">a", "'a", '"a', "%a",
    "@a", "`a", "it's", "it's\nhere", "'", "''", "say \"hi\"", "a\\b", "caf\u00e9", "\u00a0", "\u0085", "\u2028", "\ufeff", "\x00", "\x1b",
    "\x7f", "\U0001f511", "\u0100", "word " * 40, "x" * 200, ("x" * 90) + " y", "a  b " * 40, "it's " * 40, "caf\u00e9 " * 40,
    "\u65e5" * 60, "\u65e5 " * 40, "-----BEGIN X-----\nMIIB\nabc=\n-----END X-----\n", "line one\n" * 3, "long word\n" + "w " * 100 + "\nend",
    "'" * 100 + " a b", ("a " * 60) + "\n" + ("b " * 60), "\n" + " a", "a\n\n b", " " * 100, "a" + " " * 100 + "b", "x" * 80 + " " + "y" * 80 + " z",
]
KEYS = ["k", "yes", "1", "a: b", "caf\u00e9", "x" * 122, "x" * 123, "x" * 200, "a b " * 40, "line\nbreak", "it's", "it's\nbroken", "#", "\u2028", "-"]
ALPHABET = ["a", "b", "word", " ", " ", "  ", "\n", "'", '"', ":", "#", "-", "\u00e9", "\\", "0", "longerword", "\t", ", "]


def main():
    rnd = random.Random(1)
    maps = [{"k": v} for v in VALUES] + [{k: "v"} for k in KEYS] + [{k: "two words " * 12} for k in KEYS]
    maps += [{}, {"b": "1", "a": "2\n", "C": "yes", "\u00e9": "x", "\U0001f511": "y", "\uffee": "z"}]
    for n in range(300):
        words = ALPHABET if n % 3 else ALPHABET[:8]  # the latter without what needs double quotes
        maps.append({"key%d" % n: "".join(rnd.choices(words, k=rnd.randrange(1, 60)))})
    cases = [[m, yaml.dump(m, default_flow_style=False)] for m in maps]
    json.dump({"made by": __doc__.split("\n\n")[1], "pyyaml": yaml.__version__, "cases": cases}, sys.stdout, separators=(",", ":"))
    print()


main()
