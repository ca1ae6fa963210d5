package awsconfig_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/limit"
	"github.com/credrender/credrender/test/awsfake"
)

const (
	serial    = "arn:aws:iam::123456789012:mfa/jane"
	staticKey = "aws_access_key_id = " + awsfake.AccessKey + "\naws_secret_access_key = secret\n"
)

func noKeys() []string {
	return []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN="}
}

// profiles writes ~/.aws/config and returns what leads there.
func profiles(t *testing.T, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	writeFile(t, path, text)
	return append(noKeys(), "AWS_CONFIG_FILE="+path)
}

func mfaProfile() string {
	return "[profile base]\n" + staticKey + "[profile app]\nrole_arn = " + role + "\nsource_profile = base\nmfa_serial = " + serial + "\n"
}

func check(t *testing.T, o awsconfig.Options) error {
	t.Helper()
	c, err := awsconfig.Load(t.Context(), o)
	if err != nil {
		return err
	}
	return c.CheckCredentials(t.Context())
}

// wantWords fails where an error does not have all words.
func wantWords(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("got %v, want %q", err, w)
		}
	}
}

// The code is asked for once, and whoever is asked may take their time.
func TestMFA(t *testing.T) {
	srv := awsfake.Start(t)
	setEnv(t, srv, profiles(t, mfaProfile())...)
	l := limit.New(10 * time.Second)
	ctx, stop := l.Context(t.Context())
	defer stop()
	var asked []string
	c, err := awsconfig.Load(ctx, awsconfig.Options{Profile: "app", MFA: func(ctx context.Context, serial string) (string, error) {
		asked = append(asked, serial)
		l.Set(time.Millisecond) // over before the answer comes, if it counted
		time.Sleep(50 * time.Millisecond)
		l.Set(10 * time.Second)
		return awsfake.MFACode, ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.CheckCredentials(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 1 || asked[0] != serial {
		t.Errorf("asked for %q", asked)
	}
}

func TestMFAWithoutATerminal(t *testing.T) {
	setEnv(t, awsfake.Start(t), profiles(t, mfaProfile())...)
	for _, ask := range []func(context.Context, string) (string, error){
		nil, func(context.Context, string) (string, error) { return "", awsconfig.ErrNoTerminal },
	} {
		err := check(t, awsconfig.Options{Profile: "app", MFA: ask})
		wantCredentials(t, err)
		wantWords(t, err, serial, "no terminal")
	}
	err := check(t, awsconfig.Options{Profile: "app", MFA: func(context.Context, string) (string, error) { return "000000", nil }})
	wantWords(t, err, "MultiFactorAuthentication failed")
}

// STS of a profile is where AWS_ENDPOINT_URL says, or endpoint_url.
func TestEndpointOfRoles(t *testing.T) {
	srv := awsfake.Start(t)
	role := "[profile base]\n" + staticKey + "[profile app]\nrole_arn = " + role + "\nsource_profile = base\n"
	for name, env := range map[string][]string{
		"variable": append(profiles(t, role), "AWS_ENDPOINT_URL="+srv.URL(awsfake.STS), "AWS_ENDPOINT_URL_STS="),
		"own":      append(profiles(t, role), "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS="+srv.URL(awsfake.STS)),
		"profile":  append(profiles(t, role+"endpoint_url = "+srv.URL(awsfake.STS)+"\n"), "AWS_ENDPOINT_URL_STS="),
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, srv, env...)
			if env[len(env)-1] == "AWS_ENDPOINT_URL_STS=" {
				if err := os.Unsetenv("AWS_ENDPOINT_URL_STS"); err != nil {
					t.Fatal(err)
				}
			}
			srv.Forget()
			if err := check(t, awsconfig.Options{Profile: "app"}); err != nil || srv.Count(awsfake.STS, "AssumeRole") != 1 {
				t.Errorf("%d requests to STS, %v", srv.Count(awsfake.STS, "AssumeRole"), err)
			}
		})
	}
}

// The process that a profile names serves roles above it as well, and is killed
// with all that it has started.
func TestCredentialProcess(t *testing.T) {
	srv := awsfake.Start(t)
	pids := filepath.Join(t.TempDir(), "pids")
	text := fmt.Sprintf(`[profile base]
credential_process = echo '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "s"}'
[profile app]
role_arn = %s
source_profile = base
[profile slow]
credential_process = sleep 300 & echo $! $$ > %s; wait
`, awsfake.AccessKey, role, pids)
	setEnv(t, srv, profiles(t, text)...)
	for _, name := range []string{"base", "app"} {
		if err := check(t, awsconfig.Options{Profile: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, stop := limit.New(200 * time.Millisecond).Context(t.Context())
	defer stop()
	c, err := awsconfig.Load(ctx, awsconfig.Options{Profile: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, c.CheckCredentials(ctx), "credential_process of the profile within 200ms")
	started, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for pid := range strings.FieldsSeq(string(started)) {
		for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %s still runs", pid)
			}
		}
	}
}

// alive reports whether a process runs: one that has ended may wait to be reaped.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// The ways in which an instance gives no credentials or region are told apart.
func TestMetadataTold(t *testing.T) {
	silent := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tt := range map[string]struct {
		put, get http.HandlerFunc
		want     string
	}{
		"hop limit":  {silent, status(http.StatusUnauthorized), "hop limit"},
		"IMDSv1":     {status(http.StatusNotFound), status(http.StatusUnauthorized), "only IMDSv1"},
		"turned off": {status(http.StatusForbidden), status(http.StatusForbidden), "disabled on the instance"},
		"silent":     {silent, silent, "the instance metadata service does not answer"},
		"no role": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
			fmt.Fprint(w, "t")
		}, status(http.StatusNotFound), "the instance has no role"},
		"variable": {silent, silent, "AWS_EC2_METADATA_DISABLED=true"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPut {
					tt.put(w, r)
					return
				}
				tt.get(w, r)
			}))
			defer srv.Close()
			defer srv.CloseClientConnections()
			env := append(noKeys(), "AWS_EC2_METADATA_SERVICE_ENDPOINT="+srv.URL, "AWS_EC2_METADATA_DISABLED="+fmt.Sprint(name == "variable"))
			setEnv(t, awsfake.Start(t), env...)
			wantWords(t, check(t, awsconfig.Options{}), tt.want)
			if name == "no role" {
				return
			}
			t.Setenv("AWS_REGION", "")
			_, err := awsconfig.Load(t.Context(), awsconfig.Options{})
			wantWords(t, err, tt.want)
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// A session that is missing or damaged is told with the command that makes one.
func TestSessions(t *testing.T) {
	home := t.TempDir()
	text := `[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
[profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = dev
[profile app]
role_arn = ` + role + `
source_profile = dev
[profile old]
sso_region = eu-west-1
sso_start_url = https://old.awsapps.com/start
sso_account_id = 123456789012
sso_role_name = dev
[profile in]
login_session = arn:aws:iam::123456789012:user/jane
`
	setEnv(t, awsfake.Start(t), append(profiles(t, text), "HOME="+home, "AWS_LOGIN_CACHE_DIRECTORY="+home)...)
	for name, want := range map[string]string{"dev": "aws sso login --profile dev", "app": "aws sso login --profile dev", "old": "aws sso login --profile old", "in": "aws login --profile in"} {
		err := check(t, awsconfig.Options{Profile: name})
		wantCredentials(t, err)
		wantWords(t, err, want)
	}
}

// ~ stands for the home directory, and quotes around the name of a profile for
// nothing, as to the AWS CLI.
func TestFilesAsTheCLIReadsThem(t *testing.T) {
	home := t.TempDir()
	writeFile(t, filepath.Join(home, "c"), "[profile \"a b\"]\n"+staticKey+"region = eu-central-1\n"+
		"[profile app]\nrole_arn = "+role+"\nsource_profile = a b\n"+
		"[ profile 'c d' ]\nrole_arn = "+role+"\nsource_profile = app\n"+strings.Repeat("# \n", 40000)) // more than a pipe holds
	writeFile(t, filepath.Join(home, "s"), "[other]\n"+staticKey)
	setEnv(t, awsfake.Start(t), append(noKeys(), "HOME="+home, "AWS_CONFIG_FILE=~/c", "AWS_SHARED_CREDENTIALS_FILE=~/s", "AWS_REGION=")...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{Profile: "a b"})
	if err != nil || c.AWS.Region != "eu-central-1" || c.CheckCredentials(t.Context()) != nil {
		t.Errorf("a quoted profile: region %q, %v", c.AWS.Region, err)
	}
	if err := check(t, awsconfig.Options{Profile: "other", Region: "eu-west-1"}); err != nil {
		t.Errorf("the credentials file: %v", err)
	}
	for _, profile := range []string{"app", "c d"} {
		if err := check(t, awsconfig.Options{Profile: profile, Region: "eu-west-1"}); err != nil {
			t.Errorf("profile %s: %v", profile, err)
		}
	}
	t.Setenv("AWS_PROFILE", "a b")
	if err := check(t, awsconfig.Options{}); err != nil {
		t.Errorf("by AWS_PROFILE: %v", err)
	}
	wantWords(t, check(t, awsconfig.Options{Profile: "gone"}), `no profile "gone"`)
}

// A loop of source profiles is an error that names one of them.
func TestSourceProfileLoop(t *testing.T) {
	for _, to := range []string{"a", "b"} {
		text := "[profile a]\nrole_arn = " + role + "\nsource_profile = " + to + "\n[profile b]\nrole_arn = " + role + "\nsource_profile = a\n"
		setEnv(t, awsfake.Start(t), profiles(t, text)...)
		err := check(t, awsconfig.Options{Profile: "a"})
		wantWords(t, err, "source_profile", "leads back to itself")
		if err != nil && strings.Contains(err.Error(), "nil") {
			t.Error(err)
		}
	}
}

// A damaged file of 'aws login' panics within the SDK.
func TestDamagedLogin(t *testing.T) {
	home := t.TempDir()
	setEnv(t, awsfake.Start(t), append(profiles(t, "[profile in]\nlogin_session = arn:aws:iam::123456789012:user/jane\n"), "AWS_LOGIN_CACHE_DIRECTORY="+home)...)
	err := check(t, awsconfig.Options{Profile: "in"})
	if err == nil {
		t.Fatal("credentials from nowhere")
	}
	_, rest, _ := strings.Cut(err.Error(), home)
	name, _, _ := strings.Cut(rest, ")")
	key := base64.StdEncoding.EncodeToString([]byte("not a key"))
	for _, pem := range []string{"garbage", `-----BEGIN EC PRIVATE KEY-----\n` + key + `\n-----END EC PRIVATE KEY-----\n`} {
		writeFile(t, home+name, `{"accessToken": {"accessKeyId": "ASIAX", "secretAccessKey": "s", "sessionToken": "t", "accountId": "123456789012", "expiresAt": "2020-01-01T00:00:00Z"},
		"tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4", "refreshToken": "r", "idToken": "i", "clientId": "c", "dpopKey": "`+pem+`"}`)
		err = check(t, awsconfig.Options{Profile: "in"})
		wantCredentials(t, err)
		wantWords(t, err, "is damaged ("+home+name, "aws login --profile in")
	}
}
