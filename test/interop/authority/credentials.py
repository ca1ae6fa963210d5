"""Prints for each set-up of credentials what botocore makes of it: the access
key and the session token, or an error. Set-ups are a JSON list on stdin, each
with env, files (below the home directory) and profile; $HOME in them is
replaced."""

import contextlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

HOME = tempfile.mkdtemp()  # botocore looks at $HOME when it is imported
os.environ["HOME"] = HOME

import botocore.credentials  # noqa: E402
import botocore.exceptions  # noqa: E402
import botocore.session  # noqa: E402


def refuse(*_):
    raise botocore.exceptions.BotoCoreError()


def outcome(setup):
    shutil.rmtree(HOME)
    os.mkdir(HOME)
    for name, text in setup["files"].items():
        path = pathlib.Path(HOME, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("$HOME", HOME).encode())
        path.chmod(0o700)
    os.environ.clear()
    os.environ.update({k: v.replace("$HOME", HOME) for k, v in setup["env"].items()}, HOME=HOME)
    try:
        session = botocore.session.Session(profile=setup.get("profile") or None)
        provider = session.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = refuse  # nobody answers
        credentials = session.get_credentials()
        if credentials is None:
            return {"error": "no credentials"}
        frozen = credentials.get_frozen_credentials()
        return {"key": frozen.access_key, "token": frozen.token or ""}
    except Exception as e:  # whatever it is, there are no credentials
        return {"error": f"{type(e).__name__}: {e}"}


def main():
    with contextlib.redirect_stdout(sys.stderr):
        outcomes = [outcome(s) for s in json.load(sys.stdin)]
    shutil.rmtree(HOME)
    json.dump({"botocore": botocore.__version__, "outcomes": outcomes}, sys.stdout)


main()
