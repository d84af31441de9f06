package cluster

import "fmt"

// settings gives the server's settings as arguments. They are given at each
// start and never written into the data folder, so that a new version of lerd
// brings its own.
func settings(port int, throwaway bool) []string {
	all := []string{
		"listen_addresses=127.0.0.1",
		fmt.Sprintf("port=%d", port),
		"unix_socket_directories=", // a socket path has 107 bytes at most; loopback has no such limit
		"password_encryption=scram-sha-256",
		fmt.Sprintf("shared_buffers=%dMB", sharedBuffersMB(memoryBytes())),
		"max_connections=300", // idle ones cost little; every test binary brings a pool
		"wal_level=minimal",   // one server, no replica: bulk loads skip the log
		"max_wal_senders=0",
		"max_wal_size=2GB",
		"jit=off",
		"timezone=UTC",
		"log_timezone=UTC",
		"logging_collector=off",
		// Errors name statements and values; the log keeps the server's own life only.
		"log_min_messages=log",
		"log_min_error_statement=panic",
		"log_error_verbosity=terse",
		"log_statement=none",
		"log_min_duration_statement=-1",
		"log_parameter_max_length=0",
		"log_parameter_max_length_on_error=0",
		"log_autovacuum_min_duration=-1",
		"log_checkpoints=off",
		"log_lock_waits=off",
	}
	if throwaway {
		all = append(all, "fsync=off", "full_page_writes=off", "autovacuum_naptime=1h")
	}
	args := make([]string, 0, 2*len(all))
	for _, s := range all {
		args = append(args, "-c", s)
	}
	return args
}

// sharedBuffersMB is an eighth of the memory, between 64 and 512 MiB.
func sharedBuffersMB(memory uint64) int {
	return int(min(512, max(64, memory>>20/8)))
}
