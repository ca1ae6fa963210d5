package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

// chamberMetadata is a key of a service in Secrets Manager that is no secret: chamber keeps
// versions and authors there.
const chamberMetadata = "_chamber_metadata"

// ChamberIndexName is the object of a service in S3 that holds its newest values. With KMS
// there is one for each key; ChamberIndexes is the pattern of all their names.
const (
	ChamberIndexName = "__latest.json"
	ChamberIndexes   = "__*latest.json"
)

// ChamberDocument reads a service of chamber in Secrets Manager: one JSON object.
func ChamberDocument(data []byte) ([]secretfile.Entry, error) {
	entries, err := secretfile.ParseFlat(data)
	return slices.DeleteFunc(entries, func(e secretfile.Entry) bool { return e.Name == chamberMetadata }), err
}

// ChamberIndex reads the index of a service of chamber in S3: the newest value of each
// key. With KMS, chamber keeps an object for each value.
func ChamberIndex(data []byte) (map[string]string, error) {
	var index struct {
		Latest map[string]json.RawMessage `json:"latest"`
	}
	if err := json.Unmarshal(data, &index); err != nil || index.Latest == nil {
		return nil, fmt.Errorf("%w: %s is not an index of chamber", source.ErrIntegrity, ChamberIndexName)
	}
	values := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(index.Latest)) {
		raw := index.Latest[key]
		var value *string
		var object struct{ Value *string }
		if json.Unmarshal(raw, &value) != nil {
			if json.Unmarshal(raw, &object) != nil {
				return nil, errNoText(key)
			}
			value = object.Value
		}
		if value == nil {
			return nil, errNoText(key)
		}
		values[key] = *value
	}
	return values, nil
}

// ChamberObject reads an object of chamber in S3: all versions of a secret, of which it
// returns the newest.
func ChamberObject(key string, data []byte) (string, error) {
	var object struct {
		Values map[int]struct {
			Version int
			Value   *string
		}
	}
	if err := json.Unmarshal(data, &object); err != nil || len(object.Values) == 0 {
		return "", fmt.Errorf("%w: %s is not an object of chamber", source.ErrIntegrity, source.Show(key))
	}
	newest := object.Values[slices.Max(slices.Collect(maps.Keys(object.Values)))]
	if newest.Value == nil {
		return "", errNoText(key)
	}
	return *newest.Value, nil
}

func errNoText(key string) error {
	return fmt.Errorf("%w: %s has no text as its value", source.ErrIntegrity, source.Show(key))
}
