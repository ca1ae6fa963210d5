//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// issuers are what hands out credentials, each on an address of its own: STS,
// SSO and a container's agent together, and instances of several kinds. The
// access keys tell where they come from, and by whom they were asked for.
type issuers struct {
	main      string // STS, SSO, container, DynamoDB
	instances map[string]string

	mu   sync.Mutex
	used map[string]identity // by table: what signed the request for it
	sent []sent              // what the binary asked services for
}

// identity is what a request for DynamoDB was signed with.
type identity struct{ key, token string }

// instanceKinds are metadata services, and what is the matter with each.
var instanceKinds = []string{"v2", "v1only", "norole", "failed", "garbage", "forbidden"}

// newIssuers listens by means of listen, which may be in another network.
func newIssuers(t *testing.T, listen func(address string) (net.Listener, error)) *issuers {
	t.Helper()
	is := &issuers{instances: map[string]string{}, used: map[string]identity{}}
	is.main = "http://" + is.serve(t, listen, "127.0.0.1:0", is.answer)
	for _, kind := range instanceKinds {
		is.instances[kind] = "http://" + is.serve(t, listen, "127.0.0.1:0", instance(kind))
	}
	return is
}

func (is *issuers) serve(t *testing.T, listen func(string) (net.Listener, error), address string, h http.HandlerFunc) string {
	t.Helper()
	l, err := listen(address)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // until it is closed
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return l.Addr().String()
}

var signer = regexp.MustCompile(`Credential=([^/]+)/`)

func (is *issuers) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	is.note(r, body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	_ = r.ParseForm()
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB"):
		is.dynamo(w, r)
	case r.URL.Path == "/federation/credentials":
		ssoCredentials(w, r)
	case r.URL.Path == "/token":
		writeDocument(w, 200, map[string]any{"accessToken": "sso-fresh", "expiresIn": 3600, "tokenType": "Bearer"})
	case strings.HasPrefix(r.URL.Path, "/container"):
		containerCredentials(w, r)
	default:
		stsCredentials(w, r)
	}
}

// note keeps requests for the authority to judge, but not its own, nor those
// to a container's agent, which is no service with a model.
func (is *issuers) note(r *http.Request, body []byte) {
	if strings.HasPrefix(r.UserAgent(), "Boto") || strings.HasPrefix(r.URL.Path, "/container") {
		return
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	s := newSent(r, body)
	s.ID, s.Label = len(is.sent), r.Method+" "+r.URL.Path
	is.sent = append(is.sent, s)
}

func (is *issuers) dynamo(w http.ResponseWriter, r *http.Request) {
	var body struct{ TableName string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	if m := signer.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		is.mu.Lock()
		is.used[body.TableName] = identity{m[1], r.Header.Get("X-Amz-Security-Token")}
		is.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = fmt.Fprint(w, `{"Items":[],"Count":0,"ScannedCount":0}`)
}

func (is *issuers) usedFor(table string) identity {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.used[table]
}

func ssoCredentials(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get("X-Amz-Sso_bearer_token")
	if !strings.HasPrefix(token, "sso-") || r.Form.Get("role_name") == "" {
		writeDocument(w, 401, map[string]string{"__type": "UnauthorizedException", "message": "Session token not found or invalid"})
		return
	}
	key := "SSO." + r.Form.Get("role_name") + "." + token
	writeDocument(w, 200, map[string]any{"roleCredentials": map[string]any{
		"accessKeyId": key, "secretAccessKey": "secret", "sessionToken": "token-of-" + key, "expiration": time.Now().Add(time.Hour).UnixMilli(),
	}})
}

func containerCredentials(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/container/404":
		http.NotFound(w, r)
		return
	case "/container/garbage":
		_, _ = fmt.Fprint(w, "<html>")
		return
	}
	key := strings.TrimSuffix("CONTAINER."+r.Header.Get("Authorization"), ".")
	writeDocument(w, 200, map[string]any{"AccessKeyId": key, "SecretAccessKey": "secret", "Token": "token-of-" + key, "Expiration": inAnHour()})
}

// stsCredentials names the role, who asks for it, and what else the request
// says.
func stsCredentials(w http.ResponseWriter, r *http.Request) {
	_, role, _ := strings.Cut(r.PostForm.Get("RoleArn"), ":role/")
	w.Header().Set("Content-Type", "text/xml")
	web := r.PostForm.Get("Action") == "AssumeRoleWithWebIdentity"
	if role == "" || strings.Contains(role, "denied") || web && len(r.PostForm.Get("WebIdentityToken")) < 4 {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>")
		return
	}
	key := role
	if m := signer.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		key += ".by." + m[1]
	}
	for _, name := range []string{"ExternalId", "DurationSeconds", "SerialNumber", "WebIdentityToken"} {
		// Programs differ in the duration that they ask for where none is set.
		if v := r.PostForm.Get(name); v != "" && (name != "DurationSeconds" || v == "1234") {
			key += "." + name + "=" + v
		}
	}
	if name := r.PostForm.Get("RoleSessionName"); name == "named" {
		key += ".named"
	}
	action := r.PostForm.Get("Action")
	_, _ = fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId>`+
		`<SecretAccessKey>secret</SecretAccessKey><SessionToken>token-of-%[2]s</SessionToken><Expiration>%[3]s</Expiration></Credentials>`+
		`<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/%[2]s/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></%[1]sResult></%[1]sResponse>`,
		action, url.PathEscape(key), inAnHour())
}

// instance is a metadata service.
func instance(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		const roles = "/latest/meta-data/iam/security-credentials/"
		switch {
		case kind == "forbidden":
			http.Error(w, "", http.StatusForbidden)
		case r.Method == http.MethodPut && kind == "v1only":
			http.NotFound(w, r)
		case r.Method == http.MethodPut:
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			_, _ = fmt.Fprint(w, "imds-token")
		case r.Header.Get("X-Aws-Ec2-Metadata-Token") != "imds-token" && kind != "v1only":
			http.Error(w, "", http.StatusUnauthorized)
		case r.URL.Path == roles && kind != "norole":
			_, _ = fmt.Fprint(w, "role")
		case r.URL.Path == roles+"role" && kind == "garbage":
			_, _ = fmt.Fprint(w, "<html>")
		case r.URL.Path == roles+"role" && kind == "failed":
			writeDocument(w, 200, map[string]any{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"})
		case r.URL.Path == roles+"role":
			writeDocument(w, 200, map[string]any{"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2024-01-01T00:00:00Z",
				"AccessKeyId": "INSTANCE." + kind, "SecretAccessKey": "secret", "Token": "token-of-INSTANCE." + kind, "Expiration": inAnHour()})
		default:
			http.NotFound(w, r)
		}
	}
}

func inAnHour() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

func writeDocument(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
