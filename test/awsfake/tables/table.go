package tables

import (
	"hash/crc32"
	"slices"
	"time"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// Limits of a table's items
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const (
	maxItemBytes  = 400 * 1024
	maxHashBytes  = 2048
	maxRangeBytes = 1024
)

// keyAttr is one attribute of a primary key.
type keyAttr struct{ name, kind string }

type table struct {
	name, arn string
	hash      keyAttr
	sort      keyAttr // zero: the table has none
	billing   string
	readCap   int64
	writeCap  int64
	created   time.Time
	polls     int // DescribeTable calls until it is ACTIVE
	backups   bool
	protected bool // against deletion
	reads     bucket
	writes    bucket
	tags      map[string]string

	partitions map[string][]*row // by hash key, each sorted by sort key
	order      []string          // the hash keys as a Scan goes; nil: not known
}

type row struct {
	item attributes
	size int
}

func (t *table) status() string {
	if t.polls > 0 {
		return "CREATING"
	}
	return "ACTIVE"
}

func (t *table) keys() []keyAttr {
	if t.sort.name == "" {
		return []keyAttr{t.hash}
	}
	return []keyAttr{t.hash, t.sort}
}

// checkKey refuses a key that is not exactly the schema's.
func (t *table) checkKey(k attributes) error {
	if len(k) != len(t.keys()) {
		return wire.Invalid("The number of conditions on the keys is invalid")
	}
	for _, a := range t.keys() {
		if v, ok := k[a.name]; !ok || v.kind != a.kind {
			return wire.Invalid("The provided key element does not match the schema")
		}
	}
	return t.checkKeyValues(k)
}

// checkItem refuses an item that the table cannot hold, with AWS's words.
func (t *table) checkItem(item attributes) error {
	for _, a := range t.keys() {
		v, ok := item[a.name]
		if !ok {
			return wire.Invalid("One or more parameter values were invalid: Missing the key %s in the item", a.name)
		}
		if v.kind != a.kind {
			return wire.Invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", a.name, a.kind, v.kind)
		}
	}
	if err := t.checkKeyValues(item); err != nil {
		return err
	}
	if item.size() > maxItemBytes {
		return wire.Invalid("Item size has exceeded the maximum allowed size")
	}
	return nil
}

func (t *table) checkKeyValues(item attributes) error {
	for _, a := range t.keys() {
		if v := item[a.name]; v.kind != "N" && v.size() == 0 {
			return wire.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", a.name)
		}
	}
	if item[t.hash.name].size() > maxHashBytes {
		return wire.Invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if t.sort.name != "" && item[t.sort.name].size() > maxRangeBytes {
		return wire.Invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func (t *table) keyOf(item attributes) attributes {
	k := attributes{}
	for _, a := range t.keys() {
		k[a.name] = item[a.name]
	}
	return k
}

// find returns where in its partition a key is or belongs.
func (t *table) find(k attributes) (at int, found bool) {
	return slices.BinarySearchFunc(t.partitions[k[t.hash.name].id()], k, func(r *row, k attributes) int {
		return r.item[t.sort.name].compare(k[t.sort.name])
	})
}

// get returns the item or nil.
func (t *table) get(k attributes) *row {
	at, found := t.find(k)
	if !found {
		return nil
	}
	return t.partitions[k[t.hash.name].id()][at]
}

func (t *table) put(item attributes) {
	id := item[t.hash.name].id()
	r := &row{item, item.size()}
	at, found := t.find(item)
	if found {
		t.partitions[id][at] = r
		return
	}
	if t.partitions[id] == nil {
		t.order = nil
	}
	t.partitions[id] = slices.Insert(t.partitions[id], at, r)
}

func (t *table) remove(k attributes) {
	id := k[t.hash.name].id()
	at, found := t.find(k)
	if !found {
		return
	}
	t.partitions[id] = slices.Delete(t.partitions[id], at, at+1)
	if len(t.partitions[id]) == 0 {
		delete(t.partitions, id)
		t.order = nil
	}
}

// scanOrder returns the partitions in the order of a hash, as DynamoDB's is:
// stable, and no alphabet that a client could come to rely on.
func (t *table) scanOrder() []string {
	if t.order == nil {
		t.order = make([]string, 0, len(t.partitions))
		for id := range t.partitions {
			t.order = append(t.order, id)
		}
		slices.SortFunc(t.order, compareHashed)
	}
	return t.order
}

func compareHashed(a, b string) int {
	x, y := crc32.ChecksumIEEE([]byte(a)), crc32.ChecksumIEEE([]byte(b))
	switch {
	case x < y, x == y && a < b:
		return -1
	case x == y && a == b:
		return 0
	}
	return 1
}
