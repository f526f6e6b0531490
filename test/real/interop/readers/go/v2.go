package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

type v2 struct{ config aws.Config }

func startV2() (app, error) {
	found, err := config.LoadDefaultConfig(context.Background())
	return v2{found}, err
}

func (one v2) credentials() (*keys, error) {
	found, err := one.config.Credentials.Retrieve(context.Background())
	if err != nil {
		return nil, err
	}
	return keysOf(found.AccessKeyID, found.SecretAccessKey, found.SessionToken, found.AccountID, found.Expires), nil
}

func (one v2) use() (map[string]any, error) {
	found, err := sts.NewFromConfig(one.config).GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return map[string]any{"arn": *found.Arn}, nil
}
