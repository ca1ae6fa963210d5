package awsconfig_test

import (
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/test/awsfake"
)

// The SDK's providers panic if an answer with status 200 leaves credentials out, in a
// goroutine where nothing can recover.
func TestAnswersWithoutCredentials(t *testing.T) {
	home := t.TempDir()
	token := filepath.Join(home, "token")
	writeFile(t, token, "a.b.c")
	cache := filepath.Join(home, ".aws", "sso", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum([]byte("https://old.awsapps.com/start"))
	writeFile(t, filepath.Join(cache, hex.EncodeToString(sum[:])+".json"),
		`{"accessToken": "t", "expiresAt": "`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	text := "[profile base]\n" + staticKey +
		"[profile app]\nrole_arn = " + role + "\nsource_profile = base\n" +
		"[profile web]\nrole_arn = " + role + "\nweb_identity_token_file = " + token + "\n" +
		"[profile sso]\nsso_region = eu-west-1\nsso_start_url = https://old.awsapps.com/start\nsso_account_id = 123456789012\nsso_role_name = dev\n"
	for _, tt := range []struct {
		name, answer, service string
		options               awsconfig.Options
	}{
		{"role", "", "STS", awsconfig.Options{RoleARN: role}},
		{"role in part", "<R><AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId></Credentials></AssumeRoleResult></R>", "STS", awsconfig.Options{RoleARN: role}},
		{"role of a profile", "", "STS", awsconfig.Options{Profile: "app"}},
		{"web identity", "", "STS", awsconfig.Options{Profile: "web"}},
		{"web identity in part", "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAX</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></R>", "STS", awsconfig.Options{Profile: "web"}},
		{"SSO", "", "SSO", awsconfig.Options{Profile: "sso"}},
		{"SSO in part", `{"roleCredentials": {"accessKeyId": "ASIAX"}}`, "SSO", awsconfig.Options{Profile: "sso"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, tt.answer)
			}))
			t.Cleanup(srv.Close)
			env := profiles(t, text)
			if tt.options.RoleARN != "" { // assumed with the keys of the environment
				env = nil
			}
			setEnv(t, awsfake.Start(t), append(env, "HOME="+home, "AWS_ENDPOINT_URL_STS="+srv.URL, "AWS_ENDPOINT_URL_SSO="+srv.URL)...)
			err := check(t, tt.options)
			wantCredentials(t, err)
			wantWords(t, err, "AWS "+tt.service+" returned no credentials")
		})
	}
}

// A container's answer, asked for in the middle of an AssumeRole, is not an answer of STS.
func TestRoleFromAContainer(t *testing.T) {
	expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"AccessKeyId": "CONTAINER", "SecretAccessKey": "s", "Token": "t", "Expiration": "`+expires+`"}`)
	}))
	t.Cleanup(container.Close)
	env := profiles(t, "[profile app]\nrole_arn = "+role+"\ncredential_source = EcsContainer\n")
	setEnv(t, awsfake.Start(t), append(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+container.URL)...)
	if err := check(t, awsconfig.Options{Profile: "app"}); err != nil {
		t.Error(err)
	}
}
