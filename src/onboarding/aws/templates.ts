/** Files of k8s/aws, by name. Written by scripts/reference.ts. */
export const TEMPLATES = {
  'trust-anchor.yaml': `AWSTemplateFormatVersion: '2010-09-09'
Description: The trust anchor of IAM Roles Anywhere, once for each account and region.

Parameters:
  Certificate:
    Type: String
    Description: >-
      The root's certificate as PEM, and the next root's after it while one follows the other (two at most).
      Not Vault's intermediate: its certificate comes with each request.
    # CloudFormation's own limit for a parameter; two certificates with RSA 4096 keys are below it.
    MaxLength: 4096
    # No text around the certificates, and no private key among them.
    AllowedPattern: (-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]+-----END CERTIFICATE-----\\s*){1,2}
    ConstraintDescription: must be one or two certificates as PEM, with nothing around them

Resources:
  Anchor:
    Type: AWS::RolesAnywhere::TrustAnchor
    Properties:
      Name: !Ref AWS::StackName
      # Must be explicit: without it the anchor is created, and refuses everything.
      Enabled: true
      Source:
        SourceType: CERTIFICATE_BUNDLE
        SourceData:
          X509CertificateData: !Ref Certificate

Outputs:
  AnchorArn:
    Description: ANCHOR_ARN of the pods, and AnchorArn of role.yaml
    Value: !GetAtt Anchor.TrustAnchorArn
`,
  'role.yaml': `AWSTemplateFormatVersion: '2010-09-09'
Description: One role and its profile of IAM Roles Anywhere, for one service account of one namespace of one cluster.

Parameters:
  AnchorArn:
    Type: String
    Description: Output AnchorArn of trust-anchor.yaml, in the same region
    AllowedPattern: arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor/[a-f0-9-]{36}
  Cluster:
    Type: String
    Description: The cluster's name as in the certificates, one DNS label
    AllowedPattern: '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  Namespace:
    Type: String
    AllowedPattern: '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  Account:
    Type: String
    Description: The pods' service account
    # No asterisk: StringEquals treats it as a literal character, and no pod would get in.
    AllowedPattern: '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?'
  IssuerNames:
    Type: CommaDelimitedList
    Description: >-
      The CN of each authority that signs these pods' certificates, and no other: pki.commonName of vault-setup,
      or that of cert-manager's CA. Two if the CN changes when the authority is renewed.
    # The characters that a session tag may contain, except the comma, which separates the list, and spaces at the ends,
    # which CloudFormation drops.
    AllowedPattern: '[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]{0,62}[A-Za-z0-9_.:/=+@-])?'
  Identity:
    Type: String
    Description: The names in the certificate that the role checks; the URI only if every pod sets CERT_URI_SANS
    Default: subject
    AllowedValues: [subject, uri, subject-and-uri]
  PermissionsPolicyArn:
    Type: String
    Description: The managed policy with the pods' permissions
    AllowedPattern: arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/.+
  SessionSeconds:
    Type: Number
    Description: Lifetime of the credentials if SESSION_DURATION is unset
    Default: 3600
    MinValue: 900
    MaxValue: 43200
  MaxSessionSeconds:
    Type: Number
    Description: The role's longest session, whatever the profile; raise it together with SessionSeconds
    # IAM has no maximum below an hour.
    Default: 3600
    MinValue: 3600
    MaxValue: 43200

Conditions:
  ByUri: !Equals [!Ref Identity, uri]
  BySubject: !Equals [!Ref Identity, subject]

Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Description: !Sub \${Account} of \${Namespace}, cluster \${Cluster}, by IAM Roles Anywhere
      # The profile below asks for no more, and a session never outlives its profile's number: another profile could.
      MaxSessionDuration: !Ref MaxSessionSeconds
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: { Service: rolesanywhere.amazonaws.com }
            Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']
            Condition:
              # Without it, any trust anchor in the account would do, even one with someone else's CA.
              ArnEquals: { 'aws:SourceArn': !Ref AnchorArn }
              # StringEquals and not StringLike, and no set of patterns: one account of one namespace. The issuer's CN
              # too, since any other authority below the anchor's root could sign the same names.
              StringEquals: !If
                - BySubject
                - 'aws:PrincipalTag/x509Issuer/CN': !Ref IssuerNames
                  'aws:PrincipalTag/x509Subject/CN': !Sub \${Account}.\${Namespace}.\${Cluster}
                - !If
                  - ByUri
                  - 'aws:PrincipalTag/x509Issuer/CN': !Ref IssuerNames
                    'aws:PrincipalTag/x509SAN/URI': !Sub spiffe://\${Cluster}/ns/\${Namespace}/sa/\${Account}
                  - 'aws:PrincipalTag/x509Issuer/CN': !Ref IssuerNames
                    'aws:PrincipalTag/x509Subject/CN': !Sub \${Account}.\${Namespace}.\${Cluster}
                    'aws:PrincipalTag/x509SAN/URI': !Sub spiffe://\${Cluster}/ns/\${Namespace}/sa/\${Account}
      ManagedPolicyArns: [!Ref PermissionsPolicyArn]

  Profile:
    Type: AWS::RolesAnywhere::Profile
    Properties:
      Name: !Ref AWS::StackName
      Enabled: true
      RoleArns: [!GetAtt Role.Arn]
      DurationSeconds: !Ref SessionSeconds
      # The session's name is then the certificate's serial, which you can trace to Vault's audit log. SESSION_NAME
      # needs true.
      AcceptRoleSessionName: false
      # No AttributeMappings: by default the CN of subject and issuer and the first URI become the tags that the role
      # requires.

Outputs:
  RoleArn:
    Description: ROLE_ARN of the pods
    Value: !GetAtt Role.Arn
  ProfileArn:
    Description: PROFILE_ARN of the pods
    Value: !GetAtt Profile.ProfileArn
`,
} as const
