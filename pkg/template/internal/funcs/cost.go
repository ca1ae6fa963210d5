package funcs

// Cost returns how many calls of a simple function a call of the named one is worth: about
// one for each 10 microseconds. first is its first argument, if that is a text.
func Cost(name, first string) int {
	switch name {
	case "genPrivateKey":
		if first == "ed25519" || first == "ecdsa" {
			return 100
		}
		return 100_000 // an RSA key of 4096 bits, or the parameters of DSA
	case "genCA", "genSelfSignedCert", "genSignedCert":
		return 30_000 // an RSA key of 2048 bits
	case "genCAWithKey", "genSelfSignedCertWithKey", "genSignedCertWithKey":
		return 300
	case "bcrypt", "derivePassword":
		return 10_000
	case "htpasswd", "pkcs12", "jks":
		return 1_000
	}
	return 1
}
