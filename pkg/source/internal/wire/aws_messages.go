package wire

import (
	"regexp"
	"strings"
	"sync"
)

// shownCode returns a code that has the form of one, else "". SDKs call an
// answer without a code UnknownError. HTTP status texts stand for codes in
// answers to HEAD.
func shownCode(code string) string {
	if code == "UnknownError" || !codeForm().MatchString(code) {
		return ""
	}
	return code
}

// A code begins with a capital, has small letters, and digits only in the names
// that services give exceptions: no key, token or password looks like that.
var codeForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:AWS\.)?(?:[A-Z][A-Za-z]{0,63}[a-z][A-Za-z]{0,16}(?:\.[A-Za-z]{1,40})*|[A-Z][A-Za-z0-9]{0,63}(?:Exception|Error|Fault|Failure))$`)
})

// Sentence returns as much of a message as is a sentence that AWS is known to
// answer with, and else "".
//
// Messages cannot be shown as they are. What answers need not be AWS, and AWS
// itself quotes input: "Value '...' at 'value' failed to satisfy constraint", and
// with a signature that does not match, all signed headers, of which
// x-amz-security-token is one. In the sentences below only the names of resources,
// actions, regions and times are AWS's to fill in.
func Sentence(message string) string {
	message = strings.TrimSpace(message)
	return strings.TrimSuffix(sentences().FindString(message), " ")
}

// The slots of sentences.
const (
	arnSlot    = `arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[a-z0-9]*:[\w+=,.@:/*$-]{1,512}`
	actionSlot = `[a-z0-9-]{1,40}:[A-Za-z*]{1,60}`
	keySlot    = `(?:` + arnSlot + `|alias/[\w/:-]{1,250}|(?:mrk-)?[0-9a-f-]{32,36})`
	nameSlot   = `[\w.-]{3,255}`
	timeSlot   = `\d{8}T\d{6}Z`
	article    = `(?:an? |the )?`
)

var sentences = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join(knownSentences(), `|`) + `)`)
})

func knownSentences() []string {
	return []string{
		// Refusals. The reason is shown where it is known too.
		`User(?:: ` + arnSlot + `)? is not authorized to perform: ` + actionSlot +
			`(?: on resource: (?:` + arnSlot + `|\*))?(?: on the resource associated with this ciphertext)?` +
			`(?: because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access` +
			`| because no [a-z-]{1,40} polic(?:y allows|ies allow) the ` + actionSlot + ` action` +
			`| with an explicit deny in ` + article + `[a-z-]{1,20}(?: [a-z-]{1,20}){0,4} policy)?`,
		`Not authorized to perform ` + actionSlot,
		`Access Denied`,
		`The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access\.?`,
		`Access to KMS is not allowed`,
		`No access`,
		// Keys and tables.
		arnSlot + ` is (?:disabled|pending deletion|pending import|unavailable|pending replica deletion)\.?`,
		`Alias ` + keySlot + ` is not found\.?`,
		`(?:Key|Invalid keyId) '` + keySlot + `'(?: does not exist)?`,
		`Requested resource not found(?:: Table: ` + nameSlot + ` not found)?`,
		`Cannot do operations on a non-existent table`,
		`Table (?:already exists|not found): ` + nameSlot,
		`The conditional request failed`,
		`Item size (?:to update )?has exceeded the maximum allowed size`,
		`Attempt to change a resource which is still in use: Table is being (?:created|updated|deleted): ` + nameSlot,
		// Rates.
		`Rate exceeded`,
		`The level of configured provisioned throughput for the table was exceeded\. Consider increasing your provisioning level with the UpdateTable API`,
		`Throughput exceeds the current (?:capacity of your table or index|throughput limit for your account)`,
		`You have exceeded the rate at which you may call KMS\. Reduce the frequency of your calls\.`,
		`Please reduce your request rate\.?`,
		`We encountered an internal error\.? ?(?:Please try again\.?)?`,
		`Internal server error`, `Service Unavailable`, `Slow Down`,
		// Who asks, and when.
		`The (?:provided )?security token included in the request is (?:expired|invalid)`,
		`The provided token (?:has expired|is malformed or otherwise invalid)\.?`,
		`The AWS Access Key Id (?:you provided does not exist in our records|needs a subscription for the service)\.?`,
		`The request signature we calculated does not match the signature you provided\.(?: Check your AWS Secret Access Key and signing method\.)?`,
		`Signature (?:expired|not yet current): ` + timeSlot + ` is (?:now earlier|still later) than ` + timeSlot + ` \(` + timeSlot + ` [+-] \d+ min\.\)`,
		`The difference between the request time and the current time is too large\.?`,
		`(?:Request is missing|Missing) Authentication Token`,
		`Credential should be scoped to correct service: '[a-z0-9-]{1,40}'`,
		`Session token not found or invalid`,
		`Token has expired`, `Token is expired`, `ExpiredToken`,
		`Incorrect token audience`,
		`Couldn't retrieve verification key from your identity provider`,
		`No OpenIDConnect provider found in your account`,
		`MultiFactorAuthentication failed with invalid MFA one time pass code\.?`,
		`STS is not activated in this region for account`,
		// Secrets Manager, Parameter Store, S3.
		`Secrets Manager can't find the specified secret(?: value for (?:staging label: [\w/+=.@-]{1,256}|VersionId: [0-9a-f-]{1,64}))?`,
		`Secrets Manager can't decrypt the protected secret text using the provided KMS key`,
		`You can't (?:perform this operation on|create this secret because|do this because) (?:the secret because it was|a secret with this name is already) (?:marked for deletion|scheduled for deletion)`,
		`The specified (?:key|bucket|version) does not exist\.?`,
		`The bucket is in this region: [a-z0-9-]{1,40}`,
		`The bucket you are attempting to access must be addressed using the specified endpoint\.`,
		`the bucket is in region [a-z0-9-]{1,40}, but was requested in [a-z0-9-]{1,40}`, // package s3's
	}
}
