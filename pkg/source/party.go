package source

// Party is who kept a call from its end, as far as the failure shows. What to do
// depends on it as much as on the kind of error.
type Party string

// The parties.
const (
	ByAWS       Party = "aws"        // AWS answered with an error code
	ByServer    Party = "server"     // something else than AWS answered: an HTTP status, and no code of AWS
	ByProxy     Party = "proxy"      // the HTTP proxy refused, or is out of reach
	ByDNS       Party = "dns"        // the host has no address
	ByNetwork   Party = "network"    // no connection, or one that broke
	ByAuthority Party = "authority"  // the certificate is signed by an authority that is not trusted here
	ByTLS       Party = "tls"        // the certificate or the handshake, for another reason
	ByClock     Party = "clock"      // the clock of this machine is wrong
	ByTime      Party = "time limit" // a deadline of the caller
	ByFile      Party = "file"       // a local file
)
