package template

// SetMaxSteps lowers the bound of a pass, which takes the race detector a
// minute to reach.
func (t *Template) SetMaxSteps(n int) { t.maxSteps = n }
