package template

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"unicode"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
	"github.com/credrender/credrender/pkg/template/internal/shacrypt"
)

// htpasswd returns "USER:$6$SALT$HASH", which nginx and Apache hand to the C
// library's crypt(3). The line stays the same until user or password change,
// and is another on each host: the salt is an HMAC of both under the host's
// own key, so nothing about the password can be tested on it without that key.
//
// Why SHA-512 and not bcrypt: a server checks the password at every request,
// for 8 ms here against 93 ms with bcrypt at its usual cost, in the worker; and
// x/crypto's bcrypt takes no salt.
func htpasswd(p *pass, user, password string) (string, error) {
	if err := checkLogin(user, password); err != nil {
		return "", err
	}
	key, err := p.saltKey()
	switch {
	case err != nil:
		return "", err
	case len(key) < minKey:
		return "", errShortKey
	case !p.real && !p.likely: // it takes milliseconds
		p.random = true
		return "", errUnknown
	case !p.real:
		return user + ":$6$abcdefghijklmnop$" + strings.Repeat("a", 86), nil
	}
	hash, err := shacrypt.Hash([]byte(password), saltOf(key, user, password))
	return user + ":" + hash, err
}

var errShortKey = funcs.Problem("the salt key of this host is too short")

// minKey is what a key must have in bytes for its HMAC to tell nothing.
const minKey = 16

// maxPassword is what the crypt(3) of every C library takes, in bytes: musl
// stops at 256, with the zero at the end.
const maxPassword = 255

func checkLogin(user, password string) error {
	switch {
	case user == "":
		return funcs.Problem("the user name is empty")
	case strings.ContainsFunc(user, func(r rune) bool { return r == ':' || unicode.IsControl(r) }):
		return funcs.Problem("the user name contains a colon or a control character")
	case password == "":
		return funcs.Problem("the password is empty")
	case len(password) > maxPassword:
		return funcs.Problem("the password is longer than 255 bytes, which crypt(3) does not support everywhere")
	case strings.ContainsRune(password, 0):
		return funcs.Problem("the password contains a zero byte, where crypt(3) would end it")
	case strings.ContainsAny(password, "\r\n"):
		return funcs.Problem("the password contains a line break, which nobody can type; use trim first")
	}
	return nil
}

func saltOf(key []byte, user, password string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("htpasswd\x00" + user + "\x00" + password))
	sum := mac.Sum(nil)
	salt := make([]byte, 16) // all that counts; 96 bits
	for i := range salt {
		salt[i] = shacrypt.Alphabet[sum[i]&0x3f]
	}
	return string(salt)
}
