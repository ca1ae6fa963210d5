package funcs

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// hmacHex returns an HMAC in hexadecimal: hmac KEY VALUE with SHA-256, or hmac HASH KEY
// VALUE.
func hmacHex(args ...string) (string, error) {
	if len(args) == 2 {
		args = append([]string{"sha256"}, args...)
	}
	if len(args) != 3 {
		return "", Problem("it takes KEY and VALUE, or HASH, KEY and VALUE")
	}
	hash, ok := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[args[0]]
	switch {
	case !ok:
		return "", Problem("its hash is one of sha1, sha256, sha512")
	case args[1] == "":
		return "", Problem("its key is empty")
	}
	mac := hmac.New(hash, []byte(args[1]))
	mac.Write([]byte(args[2]))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func overBcrypt(own any) any {
	return func(s string) (string, error) {
		hash := own.(func(string) string)(s)
		if !strings.HasPrefix(hash, "$2") {
			return "", Problem("bcrypt takes no more than 72 bytes")
		}
		return hash, nil
	}
}

func overDerivePassword(own any) any {
	f := own.(func(uint32, string, string, string, string) string)
	return func(counter uint32, kind, password, user, site string) (string, error) {
		if !slices.Contains([]string{"maximum", "long", "medium", "short", "basic", "pin"}, kind) {
			return "", Problem("the password type is one of maximum, long, medium, short, basic, pin")
		}
		return f(counter, kind, password, user, site), nil
	}
}

func overGenPrivateKey(own any) any {
	return func(kind string) (string, error) {
		if !slices.Contains([]string{"", "rsa", "dsa", "ecdsa", "ed25519"}, kind) {
			return "", Problem("the key type is one of rsa, dsa, ecdsa, ed25519")
		}
		return own.(func(string) string)(kind), nil
	}
}

// overEncryptAES refuses a text of which Sprig's makes nothing, and passwords that
// it would cut off.
func overEncryptAES(own any) any {
	f := own.(func(string, string) (string, error))
	return func(password, text string) (string, error) {
		if err := checkAES(password); err != nil {
			return "", err
		}
		if text == "" {
			return "", Problem("nothing to encrypt: its text is empty")
		}
		return f(password, text)
	}
}

// decryptAES undoes Sprig's encryptAES (AES-256-CBC). The format authenticates
// nothing: a wrong password is found by the padding, in 255 cases of 256.
func decryptAES(password, encrypted string) (string, error) {
	if err := checkAES(password); err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(data) < 2*aes.BlockSize || len(data)%aes.BlockSize != 0 {
		return "", Problem("its input is not what encryptAES writes")
	}
	key := make([]byte, 32)
	copy(key, password)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	iv, text := data[:aes.BlockSize], data[aes.BlockSize:]
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	padding := int(text[len(text)-1])
	if padding < 1 || padding > aes.BlockSize || !bytes.Equal(text[len(text)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return "", Problem("the password is wrong, or its input is not what encryptAES writes")
	}
	return string(text[:len(text)-padding]), nil
}

func checkAES(password string) error {
	switch {
	case password == "":
		return Problem("the password is empty")
	case len(password) > 32:
		return Problem("the password is longer than 32 bytes, and the rest would be ignored")
	}
	return nil
}
