package legal

// Case is one example of a request under a process, with what must come of it.
type Case struct {
	ID string `yaml:"id"`
}

func (l *loader) loadCases() {}
