"""Write argparse.json: what credstash's own parser makes of command lines.

    test/interop/prepare test/interop/.venv
    COLUMNS=80 test/interop/.venv/bin/python \
        internal/compat/credstash/testdata/record_argparse.py \
        > internal/compat/credstash/testdata/argparse.json
"""
import contextlib
import io
import json
import platform
import random
import sys

import credstash

WRITTEN = [
    # none, help, and what is no command
    "", "-r eu-west-1", "-h", "get -h", "put --help", "get x -h", "get -nh x", "bogus", "bogus x", "-x", "--bogus", "get",
    "getall", "keys", "list", "setup", "delete", "put", "putall", "keys x", "list x y", "delete a b", "Get x",
    # globals stand before the command; -n has two meanings
    "-n arn:aws:iam::1:role/r get x", "get -n x", "-n arn get -n x", "get x -n", "-t t list", "list -t t",
    "-p prof list", "-p prof -n arn list", "--arn arn --profile prof list", "-p a -p b list", "get -r eu-west-1 x",
    "--kms-region us-west-2 get x", "-reu-west-1 -ttab get x", "-r=eu-west-1 get x", "--region=eu-west-1 get x",
    "--log-level DEBUG --log-file /dev/null list", "-r", "-r -t x list", "-r get x", "--region", "--table= list",
    # abbreviations
    "--reg eu-west-1 --tab t list", "--r eu-west-1 list", "--log x list", "--log-l DEBUG list", "--log-l=DEBUG list",
    "--k us-west-2 list", "--a arn list", "--p prof list", "get x --nol", "get x --no", "get x --n", "get --ver 3 x",
    "get --form yaml x", "get --f=yaml x", "put x y --auto", "put x y --comm c", "put x y --dig MD5", "put x y --key=k",
    "put x y --p", "setup --save us-west-2", "setup --t a=b", "setup --tags a=b c=d", "setup --tags", "setup --tags a",
    "setup --tags=a=b", "setup --tags a=b --tags c=d", "get x --noline=1", "get x --log 1", "put x y --lo",
    # values in the word of their option, and clusters
    "get -v5 x", "get -v=5 x", "get -v 5 x", "get x -v", "get -nv5 x", "get -vn x", "get -nfyaml x", "get -n=x y",
    "get -nx y", "get -nn x", "put -aP x", "put -kalias/k x y", "put -cword x y", "put -c= x y", "put -aSECRET x y",
    "put -ak k x y", "put -v -5 x y", "put -v -x x y", "get -v -- x", "get -f xml x", "get -fyaml x", "put -d SHA1 x y",
    "put -d sha256 x y", "put -d MD5 x y", "putall -dSHA512 {}", "getall -f dotenv", "getall -v 3 a=b",
    # what looks like an option and is none
    "put x -5", "put x -5.5", "put x -.5", "put x -5x", "put x -", "get -5", "put x -- -secret", "put -- x -y",
    "put x y -- a=b", "get -- -x", "get -- x a=b", "get x --", "-- get x", "put x", "delete -- -a", "delete -5",
    # contexts
    "get x a=b", "get x a=b c=d", "get x a=b a=c", "get x a", "get x =b", "get x a=", "get x =", "getall a=b c=d",
    "getall a", "put x y a=b c=d", "put x a=b", "put x y z", "putall {} a=b", "putall {} a", "getall a=b -f csv",
    # options among the words
    "put -a x y", "put x y -a", "put x y a=b -a", "put -a x y a=b", "get x a=b -n", "get -n x a=b", "get x a=b -n c=d",
    "put x y -a z=1 -v 2 w=3",
    # many
    "put -k alias/k -c c -v 2 -a -d SHA x y a=b", "-r r -t t --kms-region k get -n -v 3 -f csv x a=b",
]

# Lines that only Python since 3.12.7 reads, with what it makes of them, are
# written out in argparse_test.go.

WITH_SPACES = [
    ["put", "x", "-a secret"], ["put", "x", "-foo bar"], ["put", "x", "--all the words"], ["put", "x", "two words"],
    ["put", "x", ""], ["get", ""], ["get", "it's"], ["get", 'a"b\'c'], ["get", "x", "it's"], ["get", "x", "a\tb\n\\"],
    ["get", "x", "caf\u00e9"], ["get", "x", "\U0001f511\u200b"], ["put", "", ""], ["getall", "a=b c"], ["get", "x", ""],
]

TOKENS = {
    "global": ["-r", "--region", "eu-west-1", "--reg=x", "-t", "tab", "-ttab", "--table", "--kms-region", "-p", "-n", "--arn", "--log-file"],
    "own": ["-n", "-v", "-v5", "--version", "3", "-f", "json", "-fcsv", "--form=yaml", "-a", "--auto", "-k", "alias/k", "-kx",
            "-c", "word", "-d", "MD5", "--digest=SHA", "-P", "--tags", "a=b", "c=d", "x", "-5", "--", "-", "-z", "--noline", "-nv2"],
}


def parse(argv):
    out, err = io.StringIO(), io.StringIO()
    case = {"args": argv, "code": 0}
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            values = vars(credstash.get_parser()["super"].parse_args(argv))
        except SystemExit as e:
            case["code"], values = e.code, None
    if case["code"]:
        case["stderr"] = err.getvalue()
    elif values is None:
        case["help"] = out.getvalue().split("\n\n")[0]
    else:
        case["values"] = {k: v for k, v in values.items() if v not in (None, "", False, {}, [])}
    return case


def main():
    sys.argv[0] = "credstash"
    sys.stdin = io.StringIO("from stdin")
    rnd = random.Random(1)
    lines = [line.split() for line in WRITTEN] + WITH_SPACES
    for _ in range(400):
        line = rnd.choices(TOKENS["global"], k=rnd.choice([0, 0, 0, 1, 2, 3]))
        line += [rnd.choice(["get", "get", "put", "put", "getall", "putall", "setup", "delete"])]
        lines.append(line + rnd.choices(TOKENS["own"], k=rnd.randrange(1, 7)))
    cases = []
    for line in lines:
        sys.stdin.seek(0)
        cases.append(parse(line))
    json.dump({"made by": __doc__.split("\n\n")[1], "python": platform.python_version(), "cases": cases},
              sys.stdout, indent=None, separators=(",", ":"))
    print()


main()
