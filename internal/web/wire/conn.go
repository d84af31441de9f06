package wire

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strconv"
)

// refused is what net/http gets to read in place of a refused head. It is no
// request, so net/http answers 400 in its turn, after the answers to earlier
// requests of the connection, and closes.
const refused = "REFUSED\r\n\r\n"

type state int

const (
	inHead state = iota
	inBody
	inChunkSize
	inChunkData // the line end after the data included
	inChunkEnd  // the empty line after the last chunk
	ended
)

// conn hands on bytes only after it has checked what they belong to.
type conn struct {
	net.Conn
	maxHead int
	log     *slog.Logger

	state   state
	buf     []byte // bytes read and not yet handed on
	checked int    // of buf, how many may be handed on
	scanned int    // of buf, how many have been looked at for the end of the line or head
	left    int64  // of the body or chunk, how many are to come
}

// Read hands on checked bytes. It is called by one goroutine at a time, as
// net/http does; an interrupted call loses nothing.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if c.checked > 0 {
			return c.handOn(p), nil
		}
		if c.state == ended {
			return 0, io.EOF
		}
		if c.state == inBody && len(c.buf) == 0 {
			return c.readBody(p) // no copy for large bodies
		}
		if err := c.check(); err != nil {
			c.refuse(err)
			continue
		}
		if c.checked > 0 {
			continue
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
}

func (c *conn) handOn(p []byte) int {
	n := copy(p, c.buf[:c.checked])
	rest := copy(c.buf, c.buf[n:])
	c.buf = c.buf[:rest]
	c.checked -= n
	return n
}

func (c *conn) readBody(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.left == 0 {
		c.enter(inHead)
	}
	return n, err
}

// fill reads once from the peer, at most up to the limit of a head.
func (c *conn) fill() error {
	if room := c.maxHead - len(c.buf); room <= 0 {
		c.refuse(errTooLong)
		return nil
	}
	if cap(c.buf)-len(c.buf) < 512 {
		c.buf = append(make([]byte, 0, min(c.maxHead, max(4096, 2*cap(c.buf)))), c.buf...)
	}
	n, err := c.Conn.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n > 0 {
		return nil // an error comes again at the next read
	}
	return err
}

// refuse ends the connection for reading. In a head net/http gets something
// that it answers with 400; inside a body the handler's read fails.
func (c *conn) refuse(reason error) {
	c.log.Warn("request refused", "reason", reason.Error())
	c.buf, c.checked = nil, 0
	if c.state == inHead {
		c.buf = []byte(refused)
		c.checked = len(refused)
	}
	c.state = ended
}

func (c *conn) enter(s state) {
	c.state, c.scanned = s, 0
}

// check looks at the unchecked bytes and moves on when they complete something.
func (c *conn) check() error {
	switch c.state {
	case inHead:
		return c.checkHead()
	case inBody:
		c.passBody()
	case inChunkSize:
		return c.checkChunkSize()
	case inChunkData:
		return c.checkChunkData()
	case inChunkEnd:
		return c.checkChunkEnd()
	}
	return nil
}

// checkHead goes line by line, so that a bare line feed is refused when it
// comes and not when the head never ends.
func (c *conn) checkHead() error {
	lineStart := bytes.LastIndexByte(c.buf[:c.scanned], '\n') + 1
	for {
		i := bytes.IndexByte(c.buf[c.scanned:], '\n')
		if i < 0 {
			c.scanned = len(c.buf)
			return nil
		}
		end := c.scanned + i
		if end == 0 || c.buf[end-1] != '\r' {
			return errLineEnd
		}
		c.scanned = end + 1
		if end-lineStart == 1 { // the empty line
			return c.acceptHead(end + 1)
		}
		lineStart = end + 1
	}
}

func (c *conn) acceptHead(size int) error {
	f, err := checkHead(c.buf[:size])
	if err != nil {
		return err
	}
	c.checked = size
	switch {
	case f.chunked:
		c.enter(inChunkSize)
	case f.length > 0:
		c.left = f.length
		c.enter(inBody)
	default:
		c.enter(inHead)
	}
	return nil
}

func (c *conn) passBody() {
	n := min(int64(len(c.buf)), c.left)
	c.checked = int(n)
	c.left -= n
	if c.left == 0 {
		c.enter(inHead)
	}
}

// maxChunkDigits allows chunks of 16 TiB and no overflow.
const maxChunkDigits = 11

// checkChunkSize takes a size line: hexadecimal digits and nothing else. Chunk
// extensions are refused: nobody sends them but those who look for a server
// that reads them differently. SPEC: RFC 9112 §7.1.1 lets a server limit them.
func (c *conn) checkChunkSize() error {
	end := bytes.IndexByte(c.buf, '\n')
	if end < 0 {
		if len(c.buf) > maxChunkDigits+1 {
			return errChunk
		}
		return nil
	}
	line, ok := bytes.CutSuffix(c.buf[:end], []byte("\r"))
	if !ok || len(line) == 0 || len(line) > maxChunkDigits || !hexadecimal(line) {
		return errChunk
	}
	size, err := strconv.ParseInt(string(line), 16, 64)
	if err != nil {
		return errChunk
	}
	c.checked = end + 1
	if size == 0 {
		c.enter(inChunkEnd)
		return nil
	}
	c.left = size
	c.enter(inChunkData)
	return nil
}

func hexadecimal(b []byte) bool {
	for _, d := range b {
		if !(d >= '0' && d <= '9' || d >= 'a' && d <= 'f' || d >= 'A' && d <= 'F') {
			return false
		}
	}
	return true
}

// checkChunkData passes the data and then the line end that closes them.
func (c *conn) checkChunkData() error {
	if c.left > 0 {
		n := min(int64(len(c.buf)), c.left)
		c.checked = int(n)
		c.left -= n
		return nil
	}
	return c.expectLineEnd(inChunkSize)
}

// checkChunkEnd wants the empty line; trailer fields are refused.
func (c *conn) checkChunkEnd() error { return c.expectLineEnd(inHead) }

func (c *conn) expectLineEnd(next state) error {
	if len(c.buf) > 0 && c.buf[0] != '\r' || len(c.buf) > 1 && c.buf[1] != '\n' {
		return errChunk
	}
	if len(c.buf) >= 2 {
		c.checked = 2
		c.enter(next)
	}
	return nil
}

// CloseWrite closes the sending half, where the connection has one; net/http
// uses it so that the peer can read the last answer.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// ReadFrom lets the kernel copy files to the peer, where it can.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }
