package awsfake

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// session is an assumed role. Policies and grants for the role are for all of
// its sessions.
type session struct{ role, name string }

// sessionARN is how STS names a session.
func sessionARN(role, name string) string {
	_, path, _ := strings.Cut(role, ":role/")
	return "arn:aws:sts::" + Account + ":assumed-role/" + path[strings.LastIndex(path, "/")+1:] + "/" + name
}

// identity is the principal as STS names it. The caller holds s.mu.
func (s *Server) identity(req *Request, r *http.Request) string {
	if is, ok := s.sessions[r.Header.Get("X-Amz-Security-Token")]; ok {
		return sessionARN(is.role, is.name)
	}
	return req.Principal
}

// random cannot fail: rand.Read ends the program first.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// xmlBody is an answer of the query protocol.
type xmlBody string

// MFACode is the code that every MFA device shows.
const MFACode = "123456"

// sessionLength is how long an assumed role's credentials live.
const sessionLength = time.Hour

// serveSTS answers the query protocol: AssumeRole and GetCallerIdentity.
func (s *Server) serveSTS(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	req := Request{Service: STS, Operation: form.Get("Action"), Role: form.Get("RoleArn"), Session: form.Get("RoleSessionName")}
	if err == nil {
		err = s.authenticate(r, &req)
	}
	if err != nil {
		s.answer(w, req, nil, err)
		return
	}
	s.perform(w, r, req, func(req *Request) (any, error) {
		switch req.Operation {
		case "AssumeRole":
			return s.assumeRole(form)
		case "GetCallerIdentity":
			return xmlResult("GetCallerIdentity", "<Account>"+Account+"</Account><Arn>"+escape(s.identity(req, r))+"</Arn><UserId>"+req.AccessKey+"</UserId>"), nil
		}
		return nil, wire.NotImplemented("STS %s", req.Operation)
	})
}

// assumeRole lets everybody be anything; a [Rule] refuses.
func (s *Server) assumeRole(form url.Values) (any, error) {
	role, name := form.Get("RoleArn"), form.Get("RoleSessionName")
	if !strings.HasPrefix(role, "arn:aws:iam::") || name == "" {
		return nil, &wire.Error{Code: "ValidationError", Message: "the role or the session name is invalid"}
	}
	if form.Get("SerialNumber") != "" && form.Get("TokenCode") != MFACode {
		return nil, &wire.Error{Code: "AccessDenied", Message: "MultiFactorAuthentication failed with invalid MFA one time pass code."}
	}
	s.serial++
	token := "session-" + hex.EncodeToString(random(16))
	s.sessions[token] = session{role, name}
	return xmlResult("AssumeRole", fmt.Sprintf("<Credentials><AccessKeyId>ASIA%016d</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>"+
		"<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials><AssumedRoleUser><Arn>%s</Arn><AssumedRoleId>AROA:%s</AssumedRoleId></AssumedRoleUser>",
		s.serial, hex.EncodeToString(random(20)), token, s.opts.Now().Add(sessionLength).UTC().Format(time.RFC3339), escape(sessionARN(role, name)), escape(name))), nil
}

func xmlResult(action, inner string) xmlBody {
	return xmlBody(fmt.Sprintf(`<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, inner))
}

func xmlError(e *wire.Error) xmlBody {
	return xmlBody("<ErrorResponse><Error><Type>Sender</Type><Code>" + escape(e.Code) + "</Code><Message>" + escape(e.Message) + "</Message></Error></ErrorResponse>")
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}
