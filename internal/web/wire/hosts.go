package wire

import (
	"net"
	"strings"
)

// ours says whether a Host value names one of the configured hosts. An entry
// without a port stands for every port.
func ours(hosts []string, host string) bool {
	for _, h := range hosts {
		if strings.EqualFold(h, host) || (!hasPort(h) && strings.EqualFold(h, withoutPort(host))) {
			return true
		}
	}
	return false
}

func hasPort(host string) bool {
	_, _, err := net.SplitHostPort(host)
	return err == nil
}

func withoutPort(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil || !digits(port) {
		return host
	}
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}
