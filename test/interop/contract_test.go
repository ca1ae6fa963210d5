//go:build interop

package interop

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/credrender/credrender/test/contract"
)

// What AWS does, asked of other emulators: test/awsfake passes the
// same suite in go test, and docs/dev/testing.md has the table of all. It is logged
// here after the referees have been held to it.
func TestContract(t *testing.T) {
	t.Run("moto", testMoto)
	t.Run("dynalite", testDynalite)
	t.Run("DynamoDB Local", testDynamoDBLocal)
	if !t.Failed() {
		t.Logf("as these runs have shown:\n%s", contract.Table())
	}
}

func testMoto(t *testing.T) {
	a := newAccount(t)
	url, _ := strings.CutPrefix(a.env[0], "AWS_ENDPOINT_URL=")
	contract.Run(t, contract.Stand{Name: contract.Moto, DynamoDB: url, KMS: url, STS: url, Config: sdkConfig(http.DefaultClient)})
}

func testDynalite(t *testing.T) {
	address := freeAddress(t)
	host, port, _ := strings.Cut(address, ":")
	start(t, exec.Command(program(t, "node"), module(t, "dynalite/cli.js"),
		"--host", host, "--port", port, "--createTableMs", "20", "--deleteTableMs", "20"))
	url := "http://" + address
	eventually(t, "dynalite answers", func() bool { return answers(t, http.DefaultClient, url) })
	contract.Run(t, contract.Stand{Name: contract.Dynalite, DynamoDB: url, Config: sdkConfig(http.DefaultClient)})
}

// DynamoDB Local listens on every address, and cannot be told otherwise.
func testDynamoDBLocal(t *testing.T) {
	java, jar := program(t, "java"), module(t, "amplify-dynamodb-simulator/emulator/DynamoDBLocal.jar")
	inside := newLoopback(t)
	cmd := exec.Command(java, "-Djava.library.path="+filepath.Join(filepath.Dir(jar), "DynamoDBLocal_lib"),
		"-jar", jar, "-inMemory", "-disableTelemetry", "-port", "8000")
	cmd.Dir = t.TempDir() // it leaves a file where it stands
	inside.start(t, cmd)
	client, url := inside.client(), "http://127.0.0.1:8000"
	eventually(t, "DynamoDB Local answers", func() bool { return answers(t, client, url) })
	contract.Run(t, contract.Stand{Name: contract.DynamoDBLocal, DynamoDB: url, Config: sdkConfig(client)})
}

// sdkConfig is an account of a fake that believes any credentials.
func sdkConfig(c *http.Client) aws.Config {
	return aws.Config{
		Region: "eu-west-1", HTTPClient: c,
		Credentials: credentials.NewStaticCredentialsProvider("interop", "interop", ""),
	}
}

// module returns a file of a npm package that make interop has installed.
func module(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("node_modules", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("INTEROP_MAY_SKIP") == "1" {
			t.Skipf("%v, and INTEROP_MAY_SKIP=1 allows to go without", err)
		}
		t.Fatalf("%v: make interop installs it", err)
	}
	return path
}

// start starts a server that ends with the test.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
}

// answers is true once a server says anything in HTTP.
func answers(t *testing.T, c *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return true
}
