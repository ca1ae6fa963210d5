package awsfake

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Metadata is an instance's metadata service (IMDSv2: a token first).
type Metadata struct {
	*httptest.Server
	// Silent makes it accept connections and never answer, as where a
	// container is one network hop too far away. Set before the first request.
	Silent bool

	role     atomic.Value // string
	facts    sync.Map     // path below meta-data to value
	requests atomic.Int64
	closing  chan struct{}
}

const metadataToken = "AQAEEXAMPLETOKEN"

// StartMetadata returns a metadata service that ends with the test. Its
// instance has no role yet.
func StartMetadata(tb testing.TB) *Metadata {
	m := &Metadata{closing: make(chan struct{})}
	m.SetRole("")
	m.Server = httptest.NewServer(http.HandlerFunc(m.serve))
	tb.Cleanup(func() {
		close(m.closing)
		m.Close()
	})
	return m
}

// Env returns, as KEY=VALUE, what leads the SDK here.
func (m *Metadata) Env() []string {
	return []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + m.URL, "AWS_EC2_METADATA_DISABLED=false"}
}

// SetRole gives the instance a role, or with "" takes it away.
func (m *Metadata) SetRole(name string) { m.role.Store(name) }

// SetFact sets what is at a path below latest/meta-data.
func (m *Metadata) SetFact(path, value string) { m.facts.Store(path, value) }

// Requests returns how many requests arrived.
func (m *Metadata) Requests() int { return int(m.requests.Load()) }

func (m *Metadata) serve(w http.ResponseWriter, r *http.Request) {
	m.requests.Add(1)
	if m.Silent {
		select {
		case <-m.closing:
		case <-r.Context().Done():
		}
		return
	}
	if r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		_, _ = w.Write([]byte(metadataToken))
		return
	}
	if r.Header.Get("X-Aws-Ec2-Metadata-Token") != metadataToken {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	m.serveData(w, r)
}

func (m *Metadata) serveData(w http.ResponseWriter, r *http.Request) {
	const roles = "/latest/meta-data/iam/security-credentials/"
	role, _ := m.role.Load().(string)
	switch path := r.URL.Path; {
	case path == "/latest/dynamic/instance-identity/document":
		writeJSON(w, map[string]string{"region": Region, "accountId": Account, "instanceId": "i-0123456789abcdef0"})
	case path == roles && role != "":
		_, _ = w.Write([]byte(role))
	case path == roles+role && role != "":
		writeJSON(w, map[string]any{
			"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIAINSTANCEROLE0000", "SecretAccessKey": secretKey,
			"Token": "instance", "LastUpdated": time.Now().UTC(), "Expiration": time.Now().Add(sessionLength).UTC(),
		})
	default:
		fact, ok := m.facts.Load(strings.TrimPrefix(path, "/latest/meta-data/"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(fact.(string))) //nolint:gosec // no page, and of the test
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
