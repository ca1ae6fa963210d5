package s3_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/s3"
	"github.com/credrender/credrender/test/awsfake"
)

const exampleKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// signature computes what the signature of a request has to be, from the request
// as it arrived
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
func signature(r *http.Request, secret string) (got, want string) {
	parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ",")
	for i, p := range parts {
		_, parts[i], _ = strings.Cut(p, "=")
	}
	_, scope, _ := strings.Cut(parts[0], "/")
	path, query, _ := strings.Cut(r.RequestURI, "?")
	pairs := strings.Split(query, "&")
	for i, p := range pairs {
		if p != "" && !strings.Contains(p, "=") {
			pairs[i] = p + "="
		}
	}
	slices.Sort(pairs)
	lines := []string{r.Method, path, strings.Join(pairs, "&")}
	for _, name := range strings.Split(parts[1], ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		if name == "content-length" {
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		lines = append(lines, name+":"+strings.TrimSpace(value))
	}
	lines = append(lines, "", parts[1], r.Header.Get("X-Amz-Content-Sha256"))
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	key := []byte("AWS4" + secret)
	for _, part := range append(strings.Split(scope, "/"), "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+scope+"\n"+hex.EncodeToString(sum[:])) {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return parts[2], hex.EncodeToString(key)
}

// The examples of AWS's page hold the test to what AWS computes.
func TestSignatureOfTheExamples(t *testing.T) {
	const scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, e := range []struct{ method, uri, signed, sum, signature string }{
		{"GET", "/test.txt", "host;range;x-amz-content-sha256;x-amz-date", empty, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{"PUT", "/test%24file.text", "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{"GET", "/?lifecycle", "host;x-amz-content-sha256;x-amz-date", empty, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		{"GET", "/?max-keys=2&prefix=J", "host;x-amz-content-sha256;x-amz-date", empty, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), e.method, e.uri, nil)
		r.Host = "examplebucket.s3.amazonaws.com"
		for name, value := range map[string]string{
			"Range": "bytes=0-9", "Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Date": "20130524T000000Z", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
			"X-Amz-Content-Sha256": e.sum, "Authorization": scope + e.signed + ",Signature=" + e.signature,
		} {
			r.Header.Set(name, value)
		}
		if got, want := signature(r, exampleKey); got != want {
			t.Errorf("%s %s: AWS has %s, the test %s", e.method, e.uri, got, want)
		}
	}
}

// Whatever a key is, it arrives as it is, and what was signed is what arrived.
func TestSignatures(t *testing.T) {
	var arrived []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Request-Id", rand.Text())
		w.Header().Set("Content-Language", r.URL.Query().Get("response-content-language"))
		arrived = append(arrived, r.Method+" "+r.URL.Path)
		body, _ := io.ReadAll(r.Body)
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != r.Header.Get("X-Amz-Content-Sha256") {
			t.Errorf("%s: another body than was signed", r.RequestURI)
		}
		if got, want := signature(r, exampleKey); got != want {
			t.Errorf("%s %s: signed %s, want %s", r.Method, r.RequestURI, got, want)
		}
		if r.URL.Query().Has("list-type") {
			_, _ = io.WriteString(w, "<ListBucketResult/>")
		}
	})
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	awsfake.SetEnv(t, append(awsfake.Start(t).Env(), "AWS_ENDPOINT_URL_S3="+srv.URL, "AWS_SECRET_ACCESS_KEY="+exampleKey)...)
	c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := s3.New(c.AWS)
	for _, key := range []string{"k", "a b", "a+b", "%2F%", "?&=#", "é🔐", "/x", "x//y/", "../up", "a/../b", "\x01\x7f", "*'()!~"} {
		arrived = nil
		r := source.Ref{Name: "bucket/" + key, Version: "v/+ 1"}
		f := s3.NewSecrets(o, plainKeys{}).In("bucket")
		_ = o.Fetch(t.Context(), []source.Ref{r})
		_, err := o.Probe(t.Context(), []source.Known{{Ref: r}})
		_, put := f.Put(t.Context(), source.Ref{Name: key}, source.Write{Value: source.NewSecret([]byte("v")), Force: true})
		_, list := o.List(t.Context(), "bucket/"+key+"*")
		if _, del := f.Delete(t.Context(), source.Ref{Name: key}, source.Deletion{Force: true}); err != nil || put != nil || list != nil || del != nil {
			t.Errorf("%q: %v, %v, %v, %v", key, err, put, list, del)
		}
		at := "/bucket/" + key
		if want := []string{"GET " + at, "HEAD " + at, "HEAD " + at, "PUT " + at, "GET /bucket", "HEAD " + at, "DELETE " + at}; !slices.Equal(arrived, want) {
			t.Errorf("arrived: %q, want %q", arrived, want)
		}
	}
}

// plainKeys encrypt nothing.
type plainKeys struct{ s3.Keys }

func (plainKeys) Encrypt(_ context.Context, plain []byte, _ map[string]string) ([]byte, error) {
	return plain, nil
}

func (plainKeys) GenerateDataKey(_ context.Context, n int, _ map[string]string) (plain, wrapped []byte, err error) {
	return make([]byte, n), []byte("wrapped"), nil
}
