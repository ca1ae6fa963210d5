package hook

// Mask returns text with the secrets replaced.
func (m *Masker) Mask(text string) string { return m.end([]byte(text), len(text)) }
