package awsconfig

import (
	"net/http"
	"testing"
)

// A hop that gives an answer to another request, twice in a run and on new connections,
// makes no emulator of the host: the ids between show that they have a meaning.
func TestRepeatsBetweenOtherAnswers(t *testing.T) {
	var a answers
	for _, answer := range []struct {
		id             string
		used, repeated bool
	}{{"a", false, false}, {"a", false, true}, {"b", false, false}, {"a", false, true}, {"c", true, false}, {"b", false, true}} {
		h := http.Header{}
		h.Set("X-Amz-Request-Id", answer.id)
		if repeated, _ := a.check(h, answer.used); repeated != answer.repeated {
			t.Errorf("id %s: repeated %v, want %v", answer.id, repeated, answer.repeated)
		}
	}
}
