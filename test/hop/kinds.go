package hop

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"time"
)

// Kind is a way to misbehave.
type Kind struct {
	Name string
	// Cause matches the error of a run that the fault ended.
	Cause *regexp.Regexp
	// Benign faults end no run: the program detects them, or waits.
	Benign bool
	// Transient faults end no run of a program that tries several times.
	Transient bool
	// Services that the fault is for; nil: all. Never excludes services, and NotLists
	// excludes requests for lists.
	Services, Never []string
	NotLists        bool
	// Handshake faults are for new TLS connections.
	Handshake bool

	act     func(exchange) bool
	before  func(*conn) bool // of a handshake; true: the connection is done
	instead bool             // the fake is not asked
}

// Fault is a kind, with the request that it meets and the time that it takes.
type Fault struct {
	Kind
	Request Request
	Delay   time.Duration
}

func (f *Fault) act(x exchange) bool { return f.Kind.act(x) }

func (f *Fault) before(c *conn) bool { return f.Kind.before != nil && f.Kind.before(c) }

// Foreign is in all text that the hop makes up. A program must not repeat it.
const Foreign = "f0re1gn-text-of-a-hop"

// Draw returns a fault of a random kind that fits the request.
func Draw(r *rand.Rand, req Request) *Fault {
	var fit []Kind
	for _, k := range Kinds() {
		if k.fits(req) {
			fit = append(fit, k)
		}
	}
	return &Fault{Kind: fit[r.IntN(len(fit))], Request: req, Delay: time.Duration(r.Int64N(int64(5 * time.Millisecond)))}
}

// Local is the service of credentials, which come from local servers. They send neither
// request ids nor AWS's errors.
const Local = "local"

// lists have nothing but a prefix to compare with the request: if a hop gives them another
// answer with a request id of its own, nothing shows it (docs/security.md).
var lists = []string{"DynamoDB_20120810.Scan", "AmazonSSM.GetParametersByPath"}

func (k Kind) fits(req Request) bool {
	if k.Handshake != (req.Operation == Handshake) {
		return false
	}
	if k.NotLists && slices.Contains(lists, req.Operation) || slices.Contains(k.Never, req.Service) {
		return false
	}
	return k.Services == nil || slices.Contains(k.Services, req.Service)
}

// Words of messages, by what happened.
const (
	causeBroken   = `connection|ended|EOF|reset|broke|could not be read|not HTTP|belongs to another|not what|no answer|unreachable|response|not AWS's`
	causeForeign  = `HTTP status|not AWS's|could not be read|not what|response|unreachable|redirect`
	causeThrottle = `[Tt]hrottl|[Tt]hroughput|SlowDown|TooManyRequests|HTTP status 429|Rate`
	causeServer   = `InternalServerError|InternalFailure|ServiceUnavailable|InternalError|HTTP status 50|KMSInternal|unavailable|unreachable`
	causeSilent   = `no answer|timeout|timed out|deadline|within|waited|in time`
	causeTLS      = `certificate|TLS|connection|reset|EOF|ended|no answer|handshake|waited`
)

var noIDs = []string{Local}

// Kinds lists all faults.
func Kinds() []Kind {
	why := regexp.MustCompile
	return append([]Kind{
		{Name: "delay", Benign: true, Cause: why(causeSilent), act: delay},
		{Name: "silence", Transient: false, Cause: why(causeSilent), act: silence, instead: true},
		{Name: "twice at once", Benign: true, Never: noIDs, Cause: why(causeBroken), act: twice},
		{Name: "twice, 0-5 ms late", Benign: true, Never: noIDs, Cause: why(causeBroken), act: twiceLate},
		{Name: "cut in the head", Transient: true, Cause: why(causeBroken), act: cutHead},
		{Name: "cut in the body", Transient: true, Cause: why(causeBroken), act: cutBody},
		{Name: "shortened", Cause: why(causeBroken), Services: jsonServices, act: shorten},
		{Name: "closed before the answer", Transient: true, Cause: why(causeBroken), act: hangUp},
		{Name: "reset before the answer", Transient: true, Cause: why(causeBroken), act: reset},
		{Name: "reordered", NotLists: true, Never: noIDs, Cause: why(causeBroken + `|integrity|not found|altered|` + causeSilent), act: reorder},
		{Name: "repeat of another's answer", NotLists: true, Never: noIDs, Cause: why(causeBroken + `|integrity|altered`), act: repeatOther},
		{Name: "another's answer, new id", NotLists: true, Never: noIDs, Cause: why(causeBroken + `|integrity|altered`), act: giveOther},
		{Name: "bit flipped", Services: []string{"dynamodb", "kms"}, Cause: why(causeBroken + `|integrity|checksum|altered`), act: flip},
		{Name: "garbage", Cause: why(causeBroken + "|" + causeForeign), act: garbage, instead: true},
		{Name: "garbage as a body", Cause: why(causeForeign + "|credential"), act: garbageBody, instead: true},
		{Name: "empty body", Cause: why(causeForeign + "|credential|empty"), Never: []string{"s3"}, act: emptyBody, instead: true},
		{Name: "page with status 200", Cause: why(causeForeign + "|credential"), Never: []string{"s3"}, act: page(200), instead: true},
		{Name: "page with status 403", Cause: why(`HTTP status 403|status 403|refuses a token`), act: page(403), instead: true},
		{Name: "page with status 407", Cause: why(`HTTP status 407|status 407`), act: page(407), instead: true},
		{Name: "page with status 503", Transient: true, Cause: why(`HTTP status 503|status 503`), act: page(503), instead: true},
		{Name: "redirect", Cause: why(`HTTP status 30|redirect|` + causeForeign), act: redirect, instead: true},
		{Name: "long head", Cause: why(`header|not AWS's|` + causeBroken), act: longHead, instead: true},
		{Name: "announced length of 1 GB", Cause: why(`too long|bytes|long|` + causeBroken), act: longBody, instead: true},
		{Name: "throttled", Transient: true, Never: noIDs, Cause: why(causeThrottle), act: refuse(throttled), instead: true},
		{Name: "internal error", Transient: true, Never: noIDs, Cause: why(causeServer), act: refuse(internal), instead: true},
		{Name: "denied", Never: noIDs, Cause: why(`AccessDenied|denied`), act: refuse(denied), instead: true},
		{Name: "token expired", Never: noIDs, Cause: why(`[Ee]xpired`), act: refuse(expired), instead: true},
	}, handshakes()...)
}
