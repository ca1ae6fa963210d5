package policy

import (
	"bytes"
	"encoding/json"
)

// Conditions are a statement's conditions: operator, condition key, values. A Null
// has one value, and is written as a text, not a list of one: IAM takes both, and
// parliament ends with an exception at a list
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null).
type Conditions map[string]map[string][]string

// MarshalJSON implements json.Marshaler.
func (c Conditions) MarshalJSON() ([]byte, error) {
	all := map[string]map[string]any{}
	for operator, keys := range c {
		all[operator] = map[string]any{}
		for key, values := range keys {
			all[operator][key] = values
			if operator == "Null" && len(values) == 1 {
				all[operator][key] = values[0]
			}
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(all)
	return b.Bytes(), err
}

// UnmarshalJSON implements json.Unmarshaler, for texts and lists.
func (c *Conditions) UnmarshalJSON(data []byte) error {
	var all map[string]map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*c = Conditions{}
	for operator, keys := range all {
		(*c)[operator] = map[string][]string{}
		for key, raw := range keys {
			var one string
			var list []string
			if err := json.Unmarshal(raw, &one); err == nil {
				list = []string{one}
			} else if err := json.Unmarshal(raw, &list); err != nil {
				return err
			}
			(*c)[operator][key] = list
		}
	}
	return nil
}
