package ssm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source"
)

// The answer to another request, with a request id of its own, is asked for again on a new
// connection. It is no proof that a parameter is missing.
func TestAnswersToOtherRequests(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]string{
		"values":  `{"Parameters": [{"Name": "/other", "Value": "wrong", "Version": 1}]}`,
		"a part":  `{"Parameters": [{"Name": "/a", "Value": "wrong", "Version": 1}, {"Name": "/other", "Value": "wrong", "Version": 1}]}`,
		"missing": `{"Parameters": [], "InvalidParameters": ["/other"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls++
				w.Header().Set("X-Amzn-Requestid", fmt.Sprint("id-", calls))
				if calls == 1 {
					fmt.Fprint(w, foreign)
					return
				}
				fmt.Fprint(w, `{"Parameters": [{"Name": "/a", "Value": "right", "Version": 2}]}`)
			}))
			t.Cleanup(srv.Close)
			got := fetch(t, parameters(t, srv.URL), ref("/a", ""))
			if diff := cmp.Diff(map[source.Ref]string{ref("/a", ""): "right"}, got); diff != "" || calls != 2 {
				t.Errorf("%d calls (-want +got):\n%s", calls, diff)
			}
		})
	}
}
