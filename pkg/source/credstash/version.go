package credstash

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

// padTo is the width of 2^63 in decimal, to which credstash pads.
const padTo = 19

// Why no version can be numbered after another; see VersionError.
var (
	// ErrUnpadded: the newest version is a number without padding, which
	// sorts after every padded one: a new value would never be seen.
	ErrUnpadded = errors.New("not padded to 19 digits")
	// ErrNotInt: the newest version is not a number.
	ErrNotInt = errors.New("not an int")
	// ErrLast: the newest version is the highest that 19 digits can say.
	ErrLast = errors.New("the last of 19 digits")
)

// VersionError says that no version can be numbered after Version.
type VersionError struct {
	Version string
	Err     error // ErrUnpadded, ErrNotInt or ErrLast
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("no version can follow %s: %v", source.Show(e.Version), e.Err)
}

func (e *VersionError) Unwrap() error { return e.Err }

// Pad returns a version as credstash 1.13 and later store it: whatever it
// holds, filled with zeros on the left to 19 characters.
func Pad(version string) string {
	return strings.Repeat("0", max(0, padTo-utf8.RuneCountInString(version))) + version
}

// Candidates returns the stored forms that a version given by a user may mean,
// likeliest first: padded, then as given, which credstash before 1.13 stored.
func Candidates(version string) []string {
	padded := Pad(version)
	if padded == version {
		return []string{version}
	}
	return []string{padded, version}
}

// Next returns the version to store after highest, the newest by byte order,
// or version 1 where highest is empty. The error is a *VersionError.
func Next(highest string) (string, error) {
	if highest == "" {
		return Pad("1"), nil
	}
	if !IsNumber(highest) {
		return "", &VersionError{highest, ErrNotInt}
	}
	if len(highest) != padTo {
		return "", &VersionError{highest, ErrUnpadded}
	}
	n, err := strconv.ParseUint(highest, 10, 64) // 19 digits always fit
	if err != nil {
		return "", err
	}
	next := Pad(strconv.FormatUint(n+1, 10))
	if len(next) != padTo {
		return "", &VersionError{highest, ErrLast}
	}
	return next, nil
}

// Unpadded reports whether a stored version is a number of fewer than 19
// digits, as credstash before 1.13 stored them. It sorts after every padded one,
// and so hides them.
func Unpadded(version string) bool {
	return len(version) < padTo && IsNumber(version)
}

// IsNumber reports whether a stored version is a number of any length.
func IsNumber(version string) bool {
	return version != "" && strings.Trim(version, "0123456789") == ""
}

// Hides reports whether version a hides b from readers: it has the lower number, and
// sorts after b.
func Hides(a, b string) bool {
	if !IsNumber(a) || !IsNumber(b) || a < b {
		return false
	}
	m, n := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n)) < 0
}
