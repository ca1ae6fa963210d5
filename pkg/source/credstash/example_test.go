package credstash_test

import (
	"fmt"
	"log"

	"github.com/credrender/credrender/pkg/source/credstash"
)

// What a table holds is decoded, and opened with the data key that KMS
// unwrapped.
func ExampleOpen() {
	dataKey := make([]byte, 64) // from kms:GenerateDataKey, with its wrapped form
	sealed, err := credstash.Seal(credstash.Item{
		Name: "db.password", Version: credstash.Pad("1"), Key: []byte("wrapped data key"),
	}, []byte("hunter2"), dataKey)
	if err != nil {
		log.Fatal(err)
	}
	attributes := sealed.Encode()
	fmt.Println(attributes["version"].S, attributes["digest"].S)

	item, err := credstash.Decode(attributes)
	if err != nil {
		log.Fatal(err)
	}
	plain, err := credstash.Open(item, dataKey, credstash.OpenOptions{}) // dataKey: kms:Decrypt of item.Key
	fmt.Println(string(plain), err)
	// Output:
	// 0000000000000000001 SHA256
	// hunter2 <nil>
}
