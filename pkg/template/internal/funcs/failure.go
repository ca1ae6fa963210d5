package funcs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"regexp/syntax"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/credrender/credrender/pkg/template/document"
)

// Failure is the error of a template function. The messages of libraries quote their
// input, which may be a secret, so there are two texts.
type Failure struct {
	// Text is the whole message. It may hold a value.
	Text string
	// Safe never holds a value.
	Safe string
	Err  error
}

// Error returns the safe text.
func (f *Failure) Error() string { return f.Safe }

func (f *Failure) Unwrap() error { return f.Err }

// Problem is a Failure whose text holds no value.
func Problem(text string) *Failure { return &Failure{Text: text, Safe: text} }

const unsaid = "it refused its input (the details are hidden: they may show a value)"

// Describe turns the error or panic of a function into a Failure. A Failure stays as it
// is.
func Describe(cause any) *Failure {
	err, ok := cause.(error)
	if !ok {
		err = fmt.Errorf("%v", cause)
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if d, ok := errors.AsType[*document.Error](err); ok {
		return &Failure{Text: "its input is not valid " + d.Format + ": " + d.Full(), Safe: "its input is not valid " + d.Format + ": " + d.Error()}
	}
	f := &Failure{Text: err.Error(), Safe: safeText(err)}
	if isJargon(err) {
		f.Text = f.Safe
	}
	return f
}

// isJargon reports whether the safe text is clearer than the error.
func isJargon(err error) bool {
	switch err.(type) {
	case *reflect.ValueError, runtime.Error:
		return true
	}
	return err.Error() == "decimal division by 0"
}

func safeText(err error) string {
	switch err.(type) {
	case *json.SyntaxError, *json.UnmarshalTypeError:
		return "its input is not JSON"
	case *json.UnsupportedTypeError, *json.UnsupportedValueError:
		return "its input cannot be written as JSON"
	case *strconv.NumError:
		return "its input is not a number, or out of range"
	case *syntax.Error:
		return "its pattern is not a regular expression"
	case *time.ParseError:
		return "its input is not a time of that layout"
	case *reflect.ValueError:
		return "it got nil, or a value of the wrong kind"
	case *runtime.TypeAssertionError: // names types alone
		return err.Error()
	case runtime.Error:
		if strings.Contains(err.Error(), "divide by zero") {
			return "it divides by zero"
		}
		return "it got a number out of range, or nil"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "its input ends too early"
	}
	switch text := err.Error(); {
	case isPlain(text):
		return text
	case text == "decimal division by 0":
		return "it divides by zero"
	}
	return unsaid
}

// plain matches messages that contain types and no values.
var plain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:` +
		`Cannot [a-z]+(?: [a-z]+)? on type [a-z0-9]+|Cannot [a-z]+ type [a-z0-9]+(?: as list)?|` +
		`list should be type of slice or array but [a-z0-9]+|dig needs at least three arguments)$`)
})

func isPlain(text string) bool { return plain().MatchString(text) }
