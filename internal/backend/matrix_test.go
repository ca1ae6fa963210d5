package backend_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/source/local"
	"github.com/credrender/credrender/pkg/source/sourcetest"
	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
)

const (
	matrixPage  = "../../docs/dev/sources-matrix.md"
	matrixBegin = "<!-- UPDATE_DOCS=1 go test ./internal/backend -run TestMatrixPage writes what follows -->\n"
)

// column is a source, opened as a command opens it.
type column struct {
	title string
	ref   string // of a secret, for its source
	b     sourcetest.Backend
}

func columns() []column {
	at := func(prefix string) func(string) string { return func(n string) string { return prefix + n } }
	return []column{
		{"DynamoDB table", "x", sourcetest.Backend{}},
		{"local store", "old:x", sourcetest.Backend{Prefix: "old"}},
		{"`ssm:`", "ssm:/x", sourcetest.Backend{Prefix: source.SSM, Name: at("/suite/"), NoContexts: true, TextOnly: true, NoCompare: true, MaxSize: 4096}},
		{"`sm:`", "sm:x", sourcetest.Backend{Prefix: source.SecretsManager, NoContexts: true, Keeps: true, MaxSize: 65536}},
		{"`sm:ID#KEY`", "sm:x#y", sourcetest.Backend{Prefix: source.SecretsManager, Name: at("doc#"), NoContexts: true, TextOnly: true, NoHistory: true, MaxSize: 65536 - len(`{"large":""}`)}},
		{"`s3://`", "s3://bucket/x", sourcetest.Backend{Prefix: source.S3, Name: at("bucket/")}},
		{"`--store s3://`", "folder:x", sourcetest.Backend{Prefix: "folder"}},
	}
}

// open starts the services and opens the source.
func (c column) open(t *testing.T) sourcetest.Backend {
	t.Helper()
	dir := t.TempDir()
	paths := local.Options{Path: filepath.Join(dir, "store.db"), KeyPath: filepath.Join(dir, "store.key")}
	if _, err := local.Create(t.Context(), paths); err != nil {
		t.Fatal(err)
	}
	set, where := &backend.Set{}, everything(t)
	named := job.Sources{
		"old":    {Kind: backend.Local, Path: paths.Path, LocalKey: paths.KeyPath},
		"folder": {Kind: backend.S3, Path: "bucket/app", Region: awsfake.Region},
	}
	where.Sources = &named
	prepare(t, set, where)
	ref, err := backend.ParseRef(where, c.ref, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	target, err := set.Target(where, ref)
	if err != nil {
		t.Fatal(err)
	}
	b := c.b
	if b.Writer, _, err = target.Writer(t.Context(), "put"); err != nil {
		t.Fatal(err)
	}
	place := target.Place()
	if b.Source, err = set.Source(t.Context(), place, ""); err != nil {
		t.Fatal(err)
	}
	return b
}

// everything starts every service.
func everything(t *testing.T) job.Store {
	t.Helper()
	objects, err := s3test.New("bucket")
	if err != nil {
		t.Fatal(err)
	}
	parameters, secrets := ssmtest.New(), smtest.New()
	t.Cleanup(func() { objects.Close(); parameters.Close(); secrets.Close() })
	awsfake.SetEnv(t, slices.Concat(awsfake.Start(t).Env(), objects.Env(), parameters.Env(), secrets.Env())...)
	return job.Store{Kind: backend.DynamoDB, Table: "credential-store", Region: awsfake.Region, Key: "alias/credstash"}
}

// prepare makes the table and the key.
func prepare(t *testing.T, set *backend.Set, where job.Store) {
	t.Helper()
	c, err := set.AWS(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kms.New(c.KMS, where.Key).EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := dynamo.New(c.AWS, where.Table).EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The page shows what the conformance suite found of each source. UPDATE_DOCS=1 writes it.
func TestMatrixPage(t *testing.T) {
	all := columns()
	found := make([]map[string]string, len(all))
	for i, c := range all {
		found[i] = map[string]string{}
		t.Run(c.ref, func(t *testing.T) {
			sourcetest.RunWrites(t, func(t *testing.T) sourcetest.Backend {
				b := c.open(t)
				b.Report = func(operation, outcome string) { found[i][operation] = outcome }
				return b
			})
		})
	}
	data, err := os.ReadFile(matrixPage)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(data), matrixBegin)
	if !ok {
		t.Fatalf("%s has no line %q", matrixPage, matrixBegin)
	}
	want := head + matrixBegin + matrix(all, found)
	switch {
	case want == string(data) || t.Failed():
	case os.Getenv("UPDATE_DOCS") == "":
		t.Fatalf("%s differs from what the suite found; run UPDATE_DOCS=1 go test ./internal/backend -run TestMatrixPage", matrixPage)
	default:
		if err := os.WriteFile(matrixPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// matrix prints the table, and below it the reasons of refusals.
func matrix(all []column, found []map[string]string) string {
	var b, reasons strings.Builder
	b.WriteString("\n| operation |")
	for _, c := range all {
		b.WriteString(" " + c.title + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	for _, operation := range sourcetest.Operations {
		fmt.Fprintf(&b, "| %s |", operation)
		why := map[string][]string{}
		for i, c := range all {
			outcome := found[i][operation]
			if reason, refused := strings.CutPrefix(outcome, "no: "); refused {
				outcome, why[reason] = "no", append(why[reason], c.title)
			}
			b.WriteString(" " + outcome + " |")
		}
		b.WriteString("\n")
		for _, c := range all { // in the order of the columns
			for reason, titles := range why {
				if titles[0] == c.title {
					fmt.Fprintf(&reasons, "| %s | %s | %s |\n", operation, strings.Join(titles, ", "), reason)
				}
			}
		}
	}
	return b.String() + "\nA refusal is exit code 2, before anything is written:\n\n| operation | source | reason |\n|---|---|---|\n" + reasons.String()
}
