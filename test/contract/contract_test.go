package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/contract"
)

func TestAwsfake(t *testing.T) {
	srv := awsfake.New(awsfake.Options{Burst: 5 * time.Minute})
	t.Cleanup(srv.Close)
	contract.Run(t, contract.Stand{
		Name: "awsfake", Config: srv.Config(t),
		DynamoDB: srv.URL(awsfake.DynamoDB), KMS: srv.URL(awsfake.KMS), STS: srv.URL(awsfake.STS),
	})
}

// The table that docs/dev/testing.md shows is the suite's own.
func TestTable(t *testing.T) {
	doc, err := os.ReadFile(filepath.FromSlash("../../docs/dev/testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), contract.Table()) {
		t.Errorf("docs/dev/testing.md needs this table:\n%s", contract.Table())
	}
}

// Names are what tables and runs are read by.
func TestCases(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range contract.Cases() {
		if seen[c.Service+c.Name] || c.Source == "" || strings.Contains(c.Name, "|") {
			t.Errorf("%s %q is there twice, has no source, or breaks the table", c.Service, c.Name)
		}
		seen[c.Service+c.Name] = true
		for referee := range c.Differs {
			switch referee {
			case contract.Moto, contract.Dynalite, contract.DynamoDBLocal:
			default:
				t.Errorf("%q differs at %q, which nobody runs", c.Name, referee)
			}
		}
	}
}
