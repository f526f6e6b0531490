package main

import (
	"context"
	"errors"
	"net/url"
	"os"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

type minioApp struct{ chain *credentials.Credentials }

// As its own examples chain them. The address of the metadata service is the app's to pass.
func startMinio() (app, error) {
	return minioApp{credentials.NewChainCredentials([]credentials.Provider{
		&credentials.FileAWSCredentials{},
		&credentials.IAM{Endpoint: os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")},
	})}, nil
}

func (one minioApp) credentials() (*keys, error) {
	found, err := one.chain.GetWithContext(nil)
	if err != nil {
		return nil, err
	}
	// It goes on without keys then, as nobody.
	if found.AccessKeyID == "" {
		return nil, errors.New("no credentials")
	}
	return keysOf(found.AccessKeyID, found.SecretAccessKey, found.SessionToken, "", found.Expiration), nil
}

func (one minioApp) use() (map[string]any, error) {
	server, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL_S3"))
	if err != nil {
		return nil, err
	}
	client, err := minio.New(server.Host, &minio.Options{Creds: one.chain, Region: os.Getenv("AWS_REGION")})
	if err != nil {
		return nil, err
	}
	found, err := client.ListBuckets(context.Background())
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, bucket := range found {
		names = append(names, bucket.Name)
	}
	return map[string]any{"buckets": names}, nil
}
