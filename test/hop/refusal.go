package hop

import (
	"fmt"
	"net/http"
	"regexp"
	"time"
)

var jsonServices = []string{"dynamodb", "kms", "ssm", "secretsmanager"}

// refusal is an error of AWS, by the name that the services give it.
type refusal int

const (
	throttled refusal = iota
	internal
	denied
	expired
	skewed
)

// codes of the JSON services, then of the XML ones; with the status.
var codes = map[refusal]struct {
	json, xml string
	status    int
	message   string
}{
	throttled: {"ThrottlingException", "Throttling", 400, "Rate exceeded"},
	internal:  {"InternalServerError", "InternalError", 500, Foreign},
	denied:    {"AccessDeniedException", "AccessDenied", 400, Foreign},
	expired:   {"ExpiredTokenException", "ExpiredToken", 400, "The security token included in the request is expired"},
	skewed:    {"InvalidSignatureException", "RequestTimeTooSkewed", 400, "Signature expired: 20200101T000000Z is now earlier than 20200102T000000Z (20200102T000500Z - 5 min.)"},
}

func refuse(r refusal) func(exchange) bool {
	return func(x exchange) bool { return x.conn.deliver(x.conn.hop.refusal(x.req, r)) }
}

// refusal returns the service's answer.
func (h *Hop) refusal(req Request, r refusal) answer {
	c, head := codes[r], http.Header{"Date": {h.now().UTC().Format(http.TimeFormat)}}
	a := answer{req: req, status: c.status, header: head}
	switch h.Service {
	case "s3":
		head.Set("X-Amz-Request-Id", h.id())
		head.Set("Content-Type", "application/xml")
		if a.status == http.StatusBadRequest {
			a.status = http.StatusForbidden
		}
		if r == throttled {
			a.status = http.StatusServiceUnavailable
			c.xml = "SlowDown"
		}
		a.body = fmt.Appendf(nil, "<Error><Code>%s</Code><Message>%s</Message></Error>", c.xml, c.message)
	case "sts":
		head.Set("X-Amzn-Requestid", h.id())
		head.Set("Content-Type", "text/xml")
		if r == skewed {
			c.xml = "SignatureDoesNotMatch"
		}
		a.body = fmt.Appendf(nil, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", c.xml, c.message)
	default:
		head.Set("X-Amzn-Requestid", h.id())
		head.Set("Content-Type", "application/x-amz-json-1.1")
		a.body = fmt.Appendf(nil, `{"__type":%q,"message":%q}`, c.json, c.message)
	}
	return a
}

var accessKey = regexp.MustCompile(`Credential=([^/]+)/`)

// signedTime is the format of X-Amz-Date.
const signedTime = "20060102T150405Z"

// refuse answers requests whose signature is not valid: of another time, or by a key that
// has expired.
func (h *Hop) refuse(r *http.Request) (answer, bool) {
	m := accessKey.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return answer{}, false
	}
	if key, _ := h.refused.Load().(string); key != "" && key == m[1] {
		return h.refusal(Request{}, expired), true
	}
	signed, err := time.Parse(signedTime, r.Header.Get("X-Amz-Date"))
	if err != nil || h.now().Sub(signed).Abs() < 5*time.Minute {
		return answer{}, false
	}
	return h.refusal(Request{}, skewed), true
}
