package document_test

import (
	"fmt"

	"github.com/credrender/credrender/pkg/template/document"
)

// Numbers keep their digits, which float64 loses.
func Example() {
	v, err := document.JSON(`{"id": 123456789012345678901234567890, "price": 1.10, "n": 5}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	doc := v.(map[string]any)
	fmt.Printf("%v %v %T\n", doc["id"], doc["price"], doc["n"])
	_, err = document.JSON(`{"pw": "hunter2", "pw": "x"}`)
	fmt.Println(err)
	// Output:
	// 123456789012345678901234567890 1.10 int
	// line 1, column 23: duplicate key
}
