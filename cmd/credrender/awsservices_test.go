package main

import (
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/awsfake/s3test"
	"github.com/credrender/credrender/test/awsfake/smtest"
	"github.com/credrender/credrender/test/awsfake/ssmtest"
)

// field is what scripts have of AWS beside DynamoDB and KMS.
type field struct {
	ssm   *ssmtest.Server
	sm    *smtest.Server
	s3    *s3test.Server
	facts *awsfake.Metadata
}

type fieldKey struct{}

// cleaner lets what ends with a test end with a script.
type cleaner struct {
	testing.TB
	env *testscript.Env
}

func (c cleaner) Cleanup(f func()) { c.env.Defer(f) }

func setupField(e *testscript.Env) error {
	f := &field{ssm: ssmtest.New(), sm: smtest.New(), facts: awsfake.StartMetadata(cleaner{env: e})}
	var err error
	if f.s3, err = s3test.New("bucket"); err != nil {
		return err
	}
	for _, s := range []*httptest.Server{f.ssm.Server.Server, f.sm.Server.Server, f.s3.Server} {
		e.Defer(s.Close)
	}
	e.Values[fieldKey{}] = f
	e.Vars = slices.Concat(e.Vars, f.ssm.Env(), f.sm.Env(), f.s3.Env())
	return nil
}

func fieldOf(ts *testscript.TestScript) *field { return ts.Value(fieldKey{}).(*field) }

// cmdParam stores parameters: param NAME VALUE [KIND [LABEL...]], or with deny
// forbids to read one.
func cmdParam(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg || len(args) < 2:
		ts.Fatalf("usage: param NAME VALUE [KIND [LABEL...]] | param deny NAME")
	case args[0] == "deny":
		fieldOf(ts).ssm.Deny(args[1])
	case len(args) == 2:
		ts.Check(fieldOf(ts).ssm.Put(args[0], args[1], "SecureString"))
	default:
		ts.Check(fieldOf(ts).ssm.Put(args[0], args[1], args[2], args[3:]...))
	}
}

// cmdManaged stores a secret in Secrets Manager: managed NAME VALUE.
func cmdManaged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: managed NAME VALUE")
	}
	ts.Check(fieldOf(ts).sm.Put(args[0], []byte(args[1]), false))
}

// cmdObject stores a file in the bucket, object KEY FILE, gets it out again,
// object get KEY FILE, or changes the byte at an offset, object flip KEY N.
func cmdObject(ts *testscript.TestScript, neg bool, args []string) {
	f := fieldOf(ts)
	switch {
	case !neg && len(args) == 1 && args[0] == "versions":
		ts.Check(f.s3.Version("bucket"))
	case !neg && len(args) == 2:
		_, err := f.s3.Put("bucket", args[0], []byte(ts.ReadFile(args[1])))
		ts.Check(err)
	case !neg && len(args) == 3 && args[0] == "get":
		data, err := f.s3.Get("bucket", args[1])
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o600))
	case !neg && len(args) == 3 && args[0] == "flip":
		at, err := strconv.Atoi(args[2])
		ts.Check(err)
		data, err := f.s3.Get("bucket", args[1])
		ts.Check(err)
		data[at] ^= 1
		ts.Check(f.s3.Remove("bucket", args[1])) // with its checksum
		_, err = f.s3.Put("bucket", args[1], data)
		ts.Check(err)
	default:
		ts.Fatalf("usage: object versions | object KEY FILE | object get KEY FILE | object flip KEY OFFSET")
	}
}

// cmdFact makes the machine an instance that has facts: fact PATH VALUE.
func cmdFact(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fact PATH VALUE")
	}
	for _, kv := range fieldOf(ts).facts.Env() {
		name, value, _ := strings.Cut(kv, "=")
		ts.Setenv(name, value)
	}
	fieldOf(ts).facts.SetFact(args[0], args[1])
}

// cmdSent compares what was asked since the last sent: sent SERVICE
// [OPERATION=N...]; without a service it only forgets.
func cmdSent(ts *testscript.TestScript, neg bool, args []string) {
	f := fieldOf(ts)
	services := map[string]map[string]int{"ssm": f.ssm.Requests(), "sm": f.sm.Requests(), "s3": f.s3.Requests(), "kms": kmsRequests(ts)}
	if len(args) == 0 {
		f.ssm.Forget()
		f.sm.Forget()
		f.s3.Forget()
		server(ts).Forget()
		return
	}
	got := []string{}
	for _, op := range slices.Sorted(maps.Keys(services[args[0]])) {
		got = append(got, strings.ReplaceAll(op, " ", "-")+"="+strconv.Itoa(services[args[0]][op]))
	}
	if same := slices.Equal(got, args[1:]); same == neg {
		ts.Fatalf("%s was sent %v", args[0], got)
	}
}

func kmsRequests(ts *testscript.TestScript) map[string]int {
	n := map[string]int{}
	for _, r := range server(ts).Requests() {
		if r.Service == awsfake.KMS {
			n[r.Operation]++
		}
	}
	return n
}
