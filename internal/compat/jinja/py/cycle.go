package py

// acyclic refuses to add values to a list or dict that they contain, because printing or
// comparing it would not end. Python allows that, but templates do not need it.
func acyclic(into Value, added ...Value) error {
	seen := map[Value]bool{}
	for _, v := range added {
		if holds(v, into, seen) {
			return Errorf("ValueError", "a list or dict that holds itself is not carried here")
		}
	}
	return nil
}

// holds reports whether v is or contains want.
func holds(v, want Value, seen map[Value]bool) bool {
	var items []Value
	switch v := v.(type) {
	case *List:
		items = v.Items
	case *Dict:
		for _, item := range v.All() {
			items = append(items, item)
		}
	case Tuple:
		for _, item := range v {
			if holds(item, want, seen) {
				return true
			}
		}
		return false
	default:
		return false
	}
	if v == want || seen[v] {
		return v == want
	}
	seen[v] = true
	for _, item := range items {
		if holds(item, want, seen) {
			return true
		}
	}
	return false
}
