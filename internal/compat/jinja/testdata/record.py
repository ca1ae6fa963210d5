"""Record what credsmash 3.0.2 makes of the templates in corpus: NAME.out, or
for one that it refuses NAME.err with the kind of the error.

    record.py CREDSMASH [DIR]
"""
import os, pathlib, subprocess, sys, tempfile

here = pathlib.Path(__file__).parent
corpus = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here / "corpus"
for template in sorted((here / "corpus").glob("*.j2")):
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "out")
        run = subprocess.run(
            [sys.argv[1], "render-template", template, out,
             "--secrets-file", here / "secrets.json", "--template-vars", here / "vars.json"],
            capture_output=True, text=True, env=dict(os.environ, AWS_DEFAULT_REGION="eu-west-1"))
        for old in (".out", ".err"):
            (corpus / (template.stem + old)).unlink(missing_ok=True)
        if run.returncode == 0:
            (corpus / (template.stem + ".out")).write_bytes(open(out, "rb").read())
        else:
            last = run.stderr.strip().splitlines()[-1]
            (corpus / (template.stem + ".err")).write_text(last.split(":")[0] + "\n")
