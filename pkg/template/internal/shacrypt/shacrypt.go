// Package shacrypt hashes passwords as crypt(3) does under the prefix $6$:
// SHA-512, 5000 rounds, in the format that nginx and Apache hand to the C
// library.
//
// It follows Ulrich Drepper's specification
// (https://www.akkadia.org/drepper/SHA-crypt.txt); the numbered steps are
// those of that text.
package shacrypt

import (
	"bytes"
	"crypto/sha512"
	"errors"
	"strings"
)

const (
	prefix = "$6$"
	rounds = 5000 // what $6$ without "rounds=" stands for
	// maxSalt is how much of a salt counts (step 3).
	maxSalt = 16
)

// ErrSalt is returned for a salt that is not 1 to 16 characters of [Alphabet].
var ErrSalt = errors.New("salt is not 1 to 16 characters of ./0-9A-Za-z")

// Alphabet is what a salt is made of: 64 characters, six bits each.
const Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Hash returns "$6$SALT$HASH" for a password of any length. It takes some
// milliseconds by intent.
func Hash(password []byte, salt string) (string, error) {
	if len(salt) == 0 || len(salt) > maxSalt || strings.Trim(salt, Alphabet) != "" {
		return "", ErrSalt
	}
	return prefix + salt + "$" + encode(digest(password, []byte(salt))), nil
}

func digest(password, salt []byte) []byte {
	a := seed(password, salt)
	p := repeatTo(sum(bytes.Repeat(password, len(password))), len(password)) // 13-16
	s := repeatTo(sum(bytes.Repeat(salt, 16+int(a[0]))), len(salt))          // 17-20
	for i := range rounds {                                                  // 21
		var b []byte
		b = append(b, pick(i%2 != 0, p, a)...)
		if i%3 != 0 {
			b = append(b, s...)
		}
		if i%7 != 0 {
			b = append(b, p...)
		}
		b = append(b, pick(i%2 != 0, a, p)...)
		a = sum(b)
	}
	return a
}

// seed makes digest A (steps 1 to 12).
func seed(password, salt []byte) []byte {
	b := sum(concat(password, salt, password)) // 4-8
	a := concat(password, salt, repeatTo(b, len(password)))
	for n := len(password); n > 0; n >>= 1 { // 11: from the lowest bit on
		a = append(a, pick(n&1 != 0, b, password)...)
	}
	return sum(a)
}

func sum(b []byte) []byte {
	d := sha512.Sum512(b)
	return d[:]
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// repeatTo returns the first n bytes of b repeated.
func repeatTo(b []byte, n int) []byte { return bytes.Repeat(b, n/len(b)+1)[:n] }

func pick(cond bool, yes, no []byte) []byte {
	if cond {
		return yes
	}
	return no
}

// encode writes the digest in groups of three bytes, 21 apart and rotating,
// lowest six bits first (step 22).
func encode(d []byte) string {
	var s strings.Builder
	write := func(v uint, n int) {
		for range n {
			s.WriteByte(Alphabet[v&0x3f])
			v >>= 6
		}
	}
	i, j, k := 0, 21, 42
	for range 21 {
		write(uint(d[i])<<16|uint(d[j])<<8|uint(d[k]), 4)
		i, j, k = j+1, k+1, i+1
	}
	write(uint(d[63]), 2)
	return s.String()
}
