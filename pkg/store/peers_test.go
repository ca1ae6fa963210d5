package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// putAs stores a value in a format and digest, with an attribute of unicreds.
func (f *fixture) putAs(t *testing.T, name, value, algorithm, digest string) {
	t.Helper()
	_, _, err := f.Put(t.Context(), store.PutRequest{
		Name: name, Value: source.NewSecret([]byte(value)), Algorithm: algorithm, Digest: digest, Comment: "why",
		Foreign: map[string]credstash.Attribute{"created_at": {Type: "N", S: "5"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) mixed(t *testing.T) {
	t.Helper()
	f.putAs(t, "fine", "v", credstash.Legacy, "SHA256")
	f.putAs(t, "long", "v", credstash.Legacy, "SHA512")
	f.putAs(t, "old", "v", credstash.Legacy, "MD5")
	f.putAs(t, "ctr", "v", credstash.AESCTR, "SHA384")
	f.putAs(t, "gcm", "v", credstash.AESGCM, "")
}

// forms returns format and digest of each item, and fails where a value, comment or
// foreign attribute is not what mixed stored.
func (f *fixture) forms(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for it, err := range f.table.Scan(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		all[it.Name] = it.Algorithm + "/" + it.Digest
		v, err := f.value(t, source.Ref{Name: it.Name})
		if v != "v" || err != nil || it.Comment != "why" || it.Foreign["created_at"].S != "5" {
			t.Errorf("%s: %q, %v, comment %q, foreign %v", it.Name, v, err, it.Comment, it.Foreign)
		}
	}
	return all
}

func TestMigrateForPeers(t *testing.T) {
	for name, tt := range map[string]struct {
		request store.MigrateRequest
		want    map[string]string
	}{
		"digest": {store.MigrateRequest{Digest: "SHA256"}, map[string]string{
			"fine": "/SHA256", "long": "/SHA256", "old": "/SHA256", "ctr": "aes-ctr/SHA256", "gcm": "aes-gcm/",
		}},
		"digest and format": {store.MigrateRequest{Digest: "SHA256", Legacy: true}, map[string]string{
			"fine": "/SHA256", "long": "/SHA256", "old": "/SHA256", "ctr": "/SHA256", "gcm": "/SHA256",
		}},
		"gcredstash": {store.MigrateRequest{For: credstash.Gcredstash}, map[string]string{
			"fine": "/SHA256", "long": "/SHA256", "old": "/SHA256", "ctr": "/SHA256", "gcm": "/SHA256",
		}},
		"credstash": {store.MigrateRequest{For: credstash.Credstash}, map[string]string{
			"fine": "/SHA256", "long": "/SHA512", "old": "/MD5", "ctr": "/SHA256", "gcm": "/SHA256",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			f.mixed(t)
			before := f.forms(t)
			dry := tt.request
			dry.DryRun = true
			planned, err := f.Migrate(t.Context(), dry)
			if diff := cmp.Diff(before, f.forms(t)); diff != "" || err != nil {
				t.Errorf("the dry run: %v (-want +got):\n%s", err, diff)
			}
			got, err := f.Migrate(t.Context(), tt.request)
			if diff := cmp.Diff(said(planned), said(got)); diff != "" || err != nil {
				t.Errorf("%v (-planned +done):\n%s", err, diff)
			}
			if diff := cmp.Diff(tt.want, f.forms(t)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again, _ := f.Migrate(t.Context(), tt.request); len(again) != 0 {
				t.Errorf("again: %v", said(again))
			}
			verdicts, err := f.Verify(t.Context(), store.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range verdicts {
				if why := v.Unreadable[tt.request.For]; why != "" {
					t.Errorf("%s: verify: %s", v.Name, why)
				}
			}
		})
	}
}

// A run that is cut off leaves every value readable, and the next one finishes it.
func TestMigrateForPeerResumes(t *testing.T) {
	f := newFixture()
	for i := range 20 {
		f.putAs(t, fmt.Sprintf("n%02d", i), "v", credstash.Legacy, "SHA512")
	}
	done := 0
	for run := 0; ; run++ {
		var rewrites atomic.Int32
		f.table.fail = func(_ context.Context, op, _, _ string) error {
			if op == "rewrite" && rewrites.Add(1) > 7 {
				return errors.New("killed")
			}
			return nil
		}
		got, err := f.Migrate(t.Context(), store.MigrateRequest{For: credstash.Unicreds})
		f.table.fail = nil
		if err != nil || run > 4 {
			t.Fatalf("run %d: %v", run, err)
		}
		left := 0
		for _, o := range got {
			if o.Err == nil {
				done++
			} else {
				left++
			}
		}
		f.forms(t)
		if left == 0 {
			break
		}
	}
	if done != 20 {
		t.Errorf("%d versions put again, not 20", done)
	}
}

// What a peer cannot read in any format is an error of migrate, and a line of verify.
func TestMigrateForPeerRefuses(t *testing.T) {
	f := newFixture()
	f.putAs(t, "binary", "\xff", credstash.Legacy, "SHA256")
	for peer, fails := range map[credstash.Peer]bool{
		credstash.Credstash: true, credstash.Nodecredstash: true, credstash.Gcredstash: false, credstash.Unicreds: false,
	} {
		got, err := f.Migrate(t.Context(), store.MigrateRequest{For: peer})
		if failed := len(got) == 1 && errors.Is(got[0].Err, source.ErrUnsupported); failed != fails || err != nil {
			t.Errorf("%s: %v, %v", peer, said(got), err)
		}
	}
	verdicts, err := f.Verify(t.Context(), store.Scope{})
	want := map[credstash.Peer]string{credstash.Credstash: "binary value", credstash.Nodecredstash: "binary value"}
	if diff := cmp.Diff(want, verdicts[0].Unreadable); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	f.putAs(t, "garbled", "v", credstash.Legacy, "SHA256")
	f.damage("garbled", "0000000000000000001", "hmac", credstash.Attribute{Type: "S", S: "not hex"})
	got, err := f.Migrate(t.Context(), store.MigrateRequest{For: credstash.Gcredstash})
	if len(got) != 1 || !errors.Is(got[0].Err, source.ErrIntegrity) || err != nil {
		t.Errorf("a garbled item: %v, %v", said(got), err)
	}
}
