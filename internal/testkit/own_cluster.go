package testkit

import (
	"context"

	"lerd/internal/store/cluster"
)

// StartCluster starts a cluster for several test binaries and gives the URL for
// EnvDatabaseURL. It ends, and its folder goes, with this process.
func StartCluster() (url string, err error) { return startOwnCluster() }

// startOwnCluster starts a cluster for this process alone and gives its
// superuser URL. It ends with the process.
func startOwnCluster() (string, error) {
	dir, err := folderOfProcess("cluster-")
	if err != nil {
		return "", err
	}
	c, err := cluster.Open(context.Background(), cluster.Options{Dir: dir, Throwaway: true})
	if err != nil {
		return "", err
	}
	return c.URL(cluster.RoleOwner, "postgres"), nil
}
