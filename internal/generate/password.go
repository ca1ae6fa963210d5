package generate

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// classes are the characters of each class. Symbols leave out quotes, the backslash, the
// dollar sign and the backquote, which config files and shells would take for their own.
var classes = map[string]string{
	"lower":  "abcdefghijklmnopqrstuvwxyz",
	"upper":  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"digit":  "0123456789",
	"symbol": "!#%&()*+,-./:;<=>?@[]^_{|}~",
}

// ClassNames returns the names of the classes, in the order of the help.
func ClassNames() []string { return []string{"lower", "upper", "digit", "symbol"} }

func (s Spec) checkClasses() error {
	for i, name := range s.Classes {
		if _, ok := classes[name]; !ok {
			return fmt.Errorf("class %q is not one of %s", name, strings.Join(ClassNames(), ", "))
		}
		if slices.Contains(s.Classes[:i], name) {
			return fmt.Errorf("class %s is given twice", name)
		}
	}
	return nil
}

func (s Spec) classes() []string {
	if len(s.Classes) == 0 {
		return []string{"lower", "upper", "digit"}
	}
	return s.Classes
}

func (s Spec) alphabet() string {
	var b strings.Builder
	for _, name := range s.classes() {
		b.WriteString(classes[name])
	}
	return b.String()
}

// password draws each character from the whole alphabet, and draws a whole new password
// until each class is in it. So every password with all classes is equally likely. A
// password that begins with a hyphen would be read as a flag by many programs, so it is
// drawn again too.
func (s Spec) password() []byte {
	alphabet := s.alphabet()
	for {
		value := make([]byte, s.length())
		for i := range value {
			value[i] = alphabet[pick(len(alphabet))]
		}
		missing := slices.ContainsFunc(s.classes(), func(name string) bool { return !bytes.ContainsAny(value, classes[name]) })
		if !missing && value[0] != '-' {
			return value
		}
	}
}

// pick returns a uniform random number below n.
func pick(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil { // rand.Reader never fails
		panic(err)
	}
	return int(i.Int64())
}
