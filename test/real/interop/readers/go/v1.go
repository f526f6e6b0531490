package main

import (
	"os"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sts"
)

type v1 struct{ session *session.Session }

func startV1() (app, error) {
	found, err := session.NewSession()
	return v1{found}, err
}

func (one v1) credentials() (*keys, error) {
	found, err := one.session.Config.Credentials.Get()
	if err != nil {
		return nil, err
	}
	// An error: the file's never end.
	expires, err := one.session.Config.Credentials.ExpiresAt()
	if err != nil {
		expires = time.Time{}
	}
	return keysOf(found.AccessKeyID, found.SecretAccessKey, found.SessionToken, "", expires), nil
}

func (one v1) use() (map[string]any, error) {
	// It does not know the variable.
	endpoint := aws.NewConfig().WithEndpoint(os.Getenv("AWS_ENDPOINT_URL_STS"))
	found, err := sts.New(one.session, endpoint).GetCallerIdentity(&sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return map[string]any{"arn": *found.Arn}, nil
}
