package export

// spoolSize is up to how many packed octets a staged file lies in the index of
// its folder in place of a file of its own: making, reading and removing one costs
// more than packing that much.
const spoolSize = 64 << 10

// spool takes a packed file on its way into the staging folder, and gives it a
// file of its own, hidden, once it is too large for the index.
type spool struct {
	path  string
	small []byte
	file  *hiddenWriter // nil while it is small
}

// Write keeps p, or hides it.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && len(s.small)+len(p) <= spoolSize {
		s.small = append(s.small, p...)
		return len(p), nil
	}
	if s.file == nil {
		f, err := createHidden(s.path)
		if err != nil {
			return 0, err
		}
		s.file = f
		if _, err := f.Write(s.small); err != nil {
			return 0, err
		}
		s.small = nil
	}
	return s.file.Write(p)
}

// Close closes the file, if there is one.
func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
