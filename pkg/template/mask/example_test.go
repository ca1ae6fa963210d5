package mask_test

import (
	"fmt"

	"github.com/credrender/credrender/pkg/template/mask"
)

// The new file is shown without its secret. Nobody knows which bytes of the old file
// are secret, so of that only lines are shown that the new one may show too.
func ExampleDiff() {
	text := []byte("user = app\npassword = hunter2\n")
	masked := mask.New(text, []mask.Span{{Start: 22, End: 29, Label: "secret db.password"}}, nil)
	fmt.Print(mask.Diff("app.conf", []byte("user = app\npassword = old\n"), masked))
	// Output:
	// --- app.conf
	// +++ app.conf
	// @@ -1,2 +1,2 @@
	//  user = app
	// - (hidden)
	// +password = (secret db.password)
}
