// FerretDB for the tests: MongoDB's protocol on a free loopback port, over SQLite in the folder that is the first
// argument. It prints its URI once it listens.
//
// A program of ours around the embeddable package, because FerretDB's own does not start where it is installed
// through the module proxy: it misses a file that only its release process writes.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: ferretdb FOLDER")
		os.Exit(2)
	}
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve runs until the process is ended.
func serve(folder string) error {
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		return err
	}
	// The address is known once Run has begun, and asking for it waits until then.
	go func() { fmt.Println(db.MongoDBURI()) }()
	return db.Run(context.Background())
}
