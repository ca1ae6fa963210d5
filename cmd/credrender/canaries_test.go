package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"testing"

	"github.com/credrender/credrender/test/awsfake"
	"github.com/credrender/credrender/test/hop"
)

// Every canary has this in it, so that a part of one is found as well.
const canaryMark = "c4n4ry"

const (
	canaryKey      = "wJalrc4n4ryKey/K7MDENG+bPxRfiCY"
	canaryToken    = "FwoGZXIvYXc4n4ryToken//////////wEaDL+sessi0n="
	canaryPassword = "c4n4ryPassw0rd-of-a-URL"
	canaryForeign  = "c4n4ryF0reign text <of> \"others\""
)

// canaryValues are the secrets in the table.
func canaryValues() []struct{ name, value string } {
	return []struct{ name, value string }{
		{"db.password", "c4n4ry-Pass'w\"0rd $&<>%41/é"},
		{"tls.key", "-----BEGIN PRIVATE KEY-----\nMIIc4n4ryLineOneOfTheKey00000\nMIIc4n4ryLineTwoOfTheKey11111\n-----END PRIVATE KEY-----\n"},
		{"doc", `{"user":"app","password":"c4n4ry-in-a-document"}`},
		{"broken", `{"password":"c4n4ry-in-broken-json",}`},
		{"number", "54c4n4ry32"},
		{"file.name", "/nowhere/c4n4ry-file-name"},
	}
}

// canaryFailure is what is the matter with the world.
type canaryFailure struct {
	name string
	// set arranges for it, and returns more of the environment.
	set func(t *testing.T, g *canaryGround, write func(name, text string)) []string
	// once: it is met before a command does anything of its own.
	once bool
}

func canaryFailures() []canaryFailure {
	all := []canaryFailure{{name: "well"}}
	all = append(all, credentialFailures()...)
	all = append(all, addressFailures()...)
	return append(all, answerFailures()...)
}

// noKeys takes the credentials of the environment away.
func noKeys(more ...string) []string {
	return append([]string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_EC2_METADATA_DISABLED=true"}, more...)
}

func credentialFailures() []canaryFailure {
	process := func(name, script string) canaryFailure {
		return canaryFailure{name: "credential_process " + name, once: true, set: func(_ *testing.T, _ *canaryGround, write func(string, string)) []string {
			write("process.sh", script)
			write("aws-config", "[default]\nregion = eu-west-1\ncredential_process = sh $DIR/process.sh --secret "+canaryKey+"\n")
			return noKeys("AWS_CONFIG_FILE=$DIR/aws-config")
		}}
	}
	keys := `{"Version":1,"AccessKeyId":"AKIDc4n4ry","SecretAccessKey":"` + canaryKey + `","SessionToken":"` + canaryToken + `"}`
	endpoint := func(name string, handler http.HandlerFunc) canaryFailure {
		return canaryFailure{name: "credential endpoint " + name, once: true, set: func(t *testing.T, _ *canaryGround, _ func(string, string)) []string {
			srv := httptest.NewServer(handler)
			t.Cleanup(srv.Close)
			return noKeys("AWS_CONTAINER_CREDENTIALS_FULL_URI="+srv.URL+"/creds?k="+canaryKey, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+canaryToken)
		}}
	}
	file := func(name, path, text string, env ...string) canaryFailure {
		return canaryFailure{name: name, once: true, set: func(_ *testing.T, _ *canaryGround, write func(string, string)) []string {
			write(path, text)
			return noKeys(env...)
		}}
	}
	const sso = "[default]\nregion = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = r\nsso_region = eu-west-1\nsso_start_url = https://x.example/start\n"
	return []canaryFailure{
		process("warns", "echo warning: old plugin; echo '"+keys+"'"),
		process("fails", "echo '"+keys+"'; echo '"+canaryForeign+"' >&2; exit 7"),
		process("of another version", "echo '"+`{"Version":2,"SecretAccessKey":"`+canaryKey+`"}`+"'"),
		process("cut", `printf '{"Version":1,"SecretAccessKey":"`+canaryKey+`'`),
		process("of another kind", `echo '{"Version":1,"AccessKeyId":{"`+canaryKey+`":1}}'`),
		{name: "credential_process missing", once: true, set: func(_ *testing.T, _ *canaryGround, write func(string, string)) []string {
			write("aws-config", "[default]\nregion = eu-west-1\ncredential_process = $DIR/nothing --secret "+canaryKey+"\n")
			return noKeys("AWS_CONFIG_FILE=$DIR/aws-config")
		}},
		endpoint("page", func(w http.ResponseWriter, r *http.Request) { echo(w, r, http.StatusForbidden, "text/html") }),
		endpoint("error", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"code":%q,"message":%q}`, canaryKey, canaryForeign)
		}),
		endpoint("junk", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"SecretAccessKey":%q,"Expiration":%q}`, canaryKey, canaryForeign)
		}),
		file("SSO cache", "aws-config", sso, "AWS_CONFIG_FILE=$DIR/aws-config"),
		file("profile", "aws-config", "[default]\nrole_arn = "+canaryForeign+"\nsource_profile = "+"other\n", "AWS_CONFIG_FILE=$DIR/aws-config"),
		file("retry mode", "aws-config", "[default]\nretry_mode = "+canaryForeign+"\n", "AWS_CONFIG_FILE=$DIR/aws-config"),
		file("CA bundle", "bundle", canaryForeign, "AWS_CA_BUNDLE=$DIR/bundle"),
		file("settings", "nothing", "", "AWS_RETRY_MODE="+canaryForeign),
		file("web identity", "token", canaryToken, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE=$DIR/token"),
	}
}

// addressFailures have passwords in URLs.
func addressFailures() []canaryFailure {
	env := func(name string, env ...string) canaryFailure {
		return canaryFailure{name: name, once: true, set: func(*testing.T, *canaryGround, func(string, string)) []string { return env }}
	}
	everywhere := func(url string) []string {
		list := []string{"AWS_ENDPOINT_URL=" + url}
		for _, s := range []string{"DYNAMODB", "KMS", "STS", "SSM", "S3", "SECRETS_MANAGER"} {
			list = append(list, "AWS_ENDPOINT_URL_"+s+"="+url)
		}
		return list
	}
	return []canaryFailure{
		env("endpoint with a password", everywhere("http://user:"+canaryPassword+"@127.0.0.1:1")...),
		env("endpoint with a number sign", everywhere("http://user:1#"+canaryPassword+"@127.0.0.1:1")...),
		env("endpoint with a slash", everywhere("http://user:1/"+canaryPassword+"@127.0.0.1:1")...),
		env("endpoint with a question", everywhere("http://user:1?"+canaryPassword+"@127.0.0.1:1")...),
		env("endpoint that is no URL", everywhere("http://user:"+canaryPassword+"#@127.0.0.1:x")...),
		env("endpoint with a signature", everywhere("http://127.0.0.1:1/?X-Amz-Signature="+canaryPassword)...),
		env("proxy with a password", append(everywhere("http://aws.test"), "HTTP_PROXY=http://user:"+canaryPassword+"@127.0.0.1:1", "http_proxy=http://user:"+canaryPassword+"@127.0.0.1:1")...),
		env("proxy that is no URL", append(everywhere("http://aws.test"), "HTTP_PROXY=http://user:"+canaryPassword+"%zz@127.0.0.1:1", "http_proxy=http://user:"+canaryPassword+"%zz@127.0.0.1:1")...),
	}
}

// answerFailures are servers that say more than they should.
func answerFailures() []canaryFailure {
	server := func(name string, handler http.HandlerFunc) canaryFailure {
		return canaryFailure{name: name, set: func(t *testing.T, _ *canaryGround, _ func(string, string)) []string {
			srv := httptest.NewServer(handler)
			t.Cleanup(srv.Close)
			list := []string{"AWS_ENDPOINT_URL=" + srv.URL, "AWS_SECRET_ACCESS_KEY=" + canaryKey}
			for _, s := range []string{"DYNAMODB", "KMS", "STS", "SSM", "S3", "SECRETS_MANAGER"} {
				list = append(list, "AWS_ENDPOINT_URL_"+s+"="+srv.URL)
			}
			return list
		}}
	}
	rule := func(name string, r awsfake.Rule) canaryFailure {
		return canaryFailure{name: name, set: func(t *testing.T, g *canaryGround, _ func(string, string)) []string {
			t.Cleanup(g.srv.Fail(r))
			return nil
		}}
	}
	return []canaryFailure{
		server("proxy's page", func(w http.ResponseWriter, r *http.Request) { echo(w, r, http.StatusForbidden, "text/html") }),
		server("error with the request in it", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amzn-Requestid", "R")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"com.amazon#SignatureDoesNotMatch","message":"The Canonical String should have been %s %s"}`, r.Header.Get("X-Amz-Security-Token"), canaryForeign)
		}),
		server("code that is none", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":%q,"message":%q}`, canaryKey, canaryKey)
		}),
		server("junk", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"Items":[{"name":{"S":%q},"Plaintext":%q`, canaryForeign, canaryForeign)
		}),
		{name: "not HTTP", set: func(t *testing.T, _ *canaryGround, _ func(string, string)) []string {
			url := "http://" + hop.Accept(t, func(c net.Conn) {
				_, _ = fmt.Fprintf(c, "%s\r\n\r\n", canaryForeign)
				_ = c.Close()
			})
			return []string{"AWS_ENDPOINT_URL=" + url, "AWS_ENDPOINT_URL_DYNAMODB=" + url, "AWS_ENDPOINT_URL_KMS=" + url, "AWS_ENDPOINT_URL_STS=" + url}
		}},
		rule("Decrypt denied", awsfake.Rule{Service: awsfake.KMS, Operation: "Decrypt", Code: "AccessDeniedException", Message: canaryForeign}),
		rule("other context", awsfake.Rule{Service: awsfake.KMS, Operation: "Decrypt", Code: "InvalidCiphertextException", Message: canaryForeign}),
		rule("throttled", awsfake.Rule{Service: awsfake.DynamoDB, Code: "ThrottlingException", Message: canaryForeign}),
		rule("cut off", awsfake.Rule{Service: awsfake.KMS, Cut: true}),
		rule("validation", awsfake.Rule{Service: awsfake.DynamoDB, Code: "ValidationException", Message: "Value '" + canaryForeign + "' at 'item' failed to satisfy constraint"}),
	}
}

// echo answers with all of the request, as debugging proxies do.
func echo(w http.ResponseWriter, r *http.Request, status int, kind string) {
	dump, _ := httputil.DumpRequest(r, true)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Echo", canaryForeign)
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html>%s %s", dump, canaryForeign)
}
