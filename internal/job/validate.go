package job

import (
	"bytes"
	"crypto/tls"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/template"
	"github.com/credrender/credrender/pkg/template/document"
)

// Formats are the values of [File.Format].
var Formats = []string{"json", "yaml", "toml", "env", "pem", "ini", "properties", "xml"}

// ErrFormat reports a rendered file that is not valid in its format.
var ErrFormat = errors.New("not valid")

// errAltered reports a value that continues outside its place in the document.
var errAltered = errors.New("the output of an action changes the structure of the file: end the action with | jsonquote, without quotes around it")

// Validate checks a rendered file against a declared format; "" passes. prints are
// what its template's actions printed; nil: the file is no template's. Values
// must stay within their places, too: a secret with a quote or line break must not
// add a key or variable. The error gives a line and never content, although parsers
// quote what they fail on.
func Validate(format string, data []byte, prints []template.Print) error {
	var line int
	var ok bool
	switch format {
	case "":
		return nil
	case "env":
		return checkEnv(data, prints)
	case "ini", "properties":
		return checkKeyValue(format, data, prints)
	case "pem":
		line, ok = checkPEM(data)
	default:
		if _, line, ok = parseTree(format, data); !ok {
			break
		}
		offset, bad := altered(format, data, prints)
		why := errAltered
		if format == "xml" {
			why = errSpills
		}
		if bad && offset < 0 {
			return formatError(format, 0, why)
		}
		if bad {
			return formatError(format, lineAt(data, int64(offset)), why)
		}
	}
	if ok {
		return nil
	}
	return formatError(format, line, nil)
}

func formatError(format string, line int, why error) error {
	text := strings.ToUpper(format)
	if line > 0 {
		text += fmt.Sprintf(" at line %d", line)
	}
	if why != nil {
		return fmt.Errorf("%w %s: %w", ErrFormat, text, why)
	}
	return fmt.Errorf("%w %s", ErrFormat, text)
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

// checkEnv reads the file as --env-file of exec does.
func checkEnv(data []byte, prints []template.Print) error {
	if i := notText(data); i >= 0 {
		return formatError("env", lineAt(data, int64(i)), nil)
	}
	_, _, err := secretfile.ParsePrinted(data, prints)
	if at, ok := errors.AsType[*secretfile.SyntaxError](err); ok {
		return formatError("env", at.Line, errors.New(at.Msg))
	}
	return err
}

// notText returns where data has what no text has, or -1.
func notText(data []byte) int {
	if i := document.InvalidUTF8(string(data)); i >= 0 {
		return i
	}
	return bytes.IndexByte(data, 0)
}

// checkPEM accepts text before a block, as openssl writes it. Parsers skip damaged
// blocks, so every boundary must belong to a block that was read.
func checkPEM(data []byte) (line int, ok bool) {
	rest, blocks := data, 0
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		read := rest[:len(rest)-len(after)]
		if bytes.Count(read, []byte("-----BEGIN ")) != 1 || bytes.Count(read, []byte("-----END ")) != 1 || !isWhole(block) {
			return lineAt(data, int64(len(data)-len(rest)+bytes.Index(read, []byte("-----")))), false
		}
		rest = after
		blocks++
	}
	if after := bytes.TrimLeft(rest, " \t\r\n"); blocks > 0 && len(after) > 0 {
		return lineAt(data, int64(len(data)-len(after))), false
	}
	return 0, blocks > 0
}

// notDER are the types of blocks that hold something other than ASN.1.
var notDER = []string{"OPENSSH PRIVATE KEY", "SSH2 PUBLIC KEY"}

// isWhole reports whether a block of a certificate, request or key has all of its
// bytes: a base64 text that was cut short is often valid.
func isWhole(b *pem.Block) bool {
	isDER := strings.HasPrefix(b.Type, "CERTIFICATE") || b.Type == "X509 CRL" || strings.HasSuffix(b.Type, " KEY") || strings.HasSuffix(b.Type, " PARAMETERS")
	if !isDER || len(b.Headers) > 0 || slices.Contains(notDER, b.Type) {
		return len(b.Bytes) > 0
	}
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(b.Bytes, &v)
	return err == nil && len(rest) == 0
}

// ErrKeypair reports that a private key does not belong to its certificate.
var ErrKeypair = errors.New("certificate and key do not match")

// ErrNotCompared reports that a key and a certificate cannot be compared.
var ErrNotCompared = errors.New("certificate and key cannot be compared")

// CheckKeypair reports whether the private key belongs to the first
// certificate, both PEM.
func CheckKeypair(cert, key []byte) error {
	if b := findBlock(cert, isOtherCert); b != nil {
		return fmt.Errorf("%w: the first contains a block of the type %q, which OpenSSL reads as a certificate and other programs do not", ErrNotCompared, b.Type)
	}
	_, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "does not match"): // crypto/tls has no error values
		return ErrKeypair
	}
	return fmt.Errorf("%w: %s", ErrNotCompared, whyNotCompared(cert, key))
}

// whyNotCompared describes the fault. The parsers' own errors quote their input.
func whyNotCompared(cert, key []byte) string {
	isCert := func(b *pem.Block) bool { return b.Type == "CERTIFICATE" }
	isKey := func(b *pem.Block) bool { return strings.HasSuffix(b.Type, "PRIVATE KEY") }
	if findBlock(cert, isCert) == nil {
		return "the first contains no PEM certificate"
	}
	block := findBlock(key, isKey)
	switch {
	case block == nil:
		return "the second contains no PEM private key"
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return "the key is encrypted"
	}
	return "one of them is damaged, or of an algorithm other than RSA, ECDSA on a NIST curve, and Ed25519"
}

// isOtherCert tells the labels of certificates that OpenSSL reads besides CERTIFICATE
// (openssl-format-options(1)). crypto/tls skips them, and would compare another one.
func isOtherCert(b *pem.Block) bool {
	return b.Type == "TRUSTED CERTIFICATE" || b.Type == "X509 CERTIFICATE"
}

func findBlock(data []byte, is func(*pem.Block) bool) *pem.Block {
	for {
		block, rest := pem.Decode(data)
		if block == nil || is(block) {
			return block
		}
		data = rest
	}
}
