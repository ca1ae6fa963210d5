package s3_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source/s3"
)

// Every region of the SDK's own list is in the partition that it is listed under.
func TestPartition(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal/endpoints/awsrulesfn/partitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Partitions []struct {
			ID      string
			Regions map[string]any
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range list.Partitions {
		for region := range p.Regions {
			if n++; s3.Partition(region) != p.ID {
				t.Errorf("%s: got %s, want %s", region, s3.Partition(region), p.ID)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d regions were compared", n)
	}
	for region, want := range map[string]string{"ap-new-9": "aws", "cn-new-9": "aws-cn", "us-gov-new-9": "aws-us-gov", "us-iso-new-9": "aws-iso", "xx-new-9": "aws", "local": "aws"} {
		if got := s3.Partition(region); got != want {
			t.Errorf("%s: got %s, want %s", region, got, want)
		}
	}
}
