{{/* The version of the mutating policies' API that the cluster serves. `helm template` without a cluster goes by the version of Kubernetes. */}}
{{- define "iam-ra.mutatingApi" -}}
{{- $group := "admissionregistration.k8s.io" -}}
{{- if .Capabilities.APIVersions.Has (printf "%s/v1/MutatingAdmissionPolicy" $group) -}}
{{ $group }}/v1
{{- else if .Capabilities.APIVersions.Has (printf "%s/v1beta1/MutatingAdmissionPolicy" $group) -}}
{{ $group }}/v1beta1
{{- else if .Capabilities.APIVersions.Has "v1/ConfigMap" -}}
{{ fail (printf "this cluster (Kubernetes %s) does not serve MutatingAdmissionPolicy: 1.36 and newer do; start the API servers of 1.34 and 1.35 with --feature-gates=MutatingAdmissionPolicy=true and --runtime-config=admissionregistration.k8s.io/v1beta1=true" .Capabilities.KubeVersion.Version) }}
{{- else if semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version -}}
{{ $group }}/v1
{{- else -}}
{{ $group }}/v1beta1
{{- end -}}
{{- end -}}

{{/* The data of a ConfigMap. Its argument has the settings and the root. */}}
{{- define "iam-ra.data" -}}
{{- range $key, $value := .settings }}
{{- if ne (toString $value) "" }}
{{ $key }}: {{ toString $value | quote }}
{{- end }}
{{- end }}
image: {{ include "iam-ra.image" .root | quote }}
{{- end -}}

{{- define "iam-ra.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The data of the agent's ConfigMap. */}}
{{- define "iam-ra.agentData" -}}
{{- $settings := merge (dict) .Values.agent.settings .Values.settings -}}
{{- range $key := list "cluster" "vault-address" "vault-auth-mount" "vault-pki-mount" "anchor-arn" "profile-arn" "agent-audience" }}
{{- with index $settings $key }}
{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
pod-ranges: {{ .Values.agent.podRanges | quote }}
{{- with .Values.agent.profiles }}
profiles: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The agent listens on one port, and accepts one audience: what is injected must ask for these. */}}
{{- define "iam-ra.checkAgent" -}}
{{- if eq .Values.agent.namespace .Release.Namespace -}}
{{- fail (printf "agent.namespace must not be the release's namespace %s: it is privileged, and Helm deletes it with the agent; leave it at iam-ra-agent" .Release.Namespace) -}}
{{- end -}}
{{- $address := index (merge (dict) .Values.agent.settings .Values.settings) "vault-address" -}}
{{- if hasPrefix "http:" $address -}}
{{- fail (printf "vault-address is %s, but the agent asks Vault over TLS alone; set an https address in agent.settings or settings" $address) -}}
{{- end -}}
{{- $audience := index .Values.settings "agent-audience" | default "iam-ra-agent" -}}
{{- $injected := list .Values.settings -}}
{{- if .Values.defaultRole.enabled -}}{{- $injected = append $injected .Values.defaultRole.settings -}}{{- end -}}
{{- range $settings := $injected -}}
{{- with index $settings "agent-endpoint" -}}
{{- if not (hasSuffix ":9911" .) -}}
{{- fail (printf "agent-endpoint is %s, but the agent of this chart listens on port 9911; change the port, or set agent.enabled to false and install your own agent" .) -}}
{{- end -}}
{{- end -}}
{{- with index $settings "agent-audience" -}}
{{- if ne . $audience -}}
{{- fail (printf "defaultRole.settings.agent-audience is %s, but the agent accepts %s alone; set settings.agent-audience for both" . $audience) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* An upgrade with some values and without the others would empty the settings: pods that ask would be refused. */}}
{{- define "iam-ra.check" -}}
{{- $missing := list -}}
{{- if not .Values.settings.cluster -}}{{- $missing = append $missing "settings.cluster" -}}{{- end -}}
{{- if not (index .Values.settings "vault-address") -}}{{- $missing = append $missing "settings.vault-address" -}}{{- end -}}
{{- if not .Values.image.repository -}}{{- $missing = append $missing "image.repository" -}}{{- end -}}
{{- if and .Values.defaultRole.enabled (not (index (merge (dict) .Values.defaultRole.settings .Values.settings) "default-role")) -}}
{{- $missing = append $missing "defaultRole.settings.default-role" -}}
{{- end -}}
{{- if .Values.agent.enabled -}}
{{- if not .Values.agent.podRanges -}}{{- $missing = append $missing "agent.podRanges" -}}{{- end -}}
{{- $settings := merge (dict) .Values.agent.settings .Values.settings -}}
{{- range $key := list "anchor-arn" "profile-arn" -}}
{{- if not (index $settings $key) -}}{{- $missing = append $missing (printf "agent.settings.%s" $key) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "these values are missing: %s; set them with --values or --set, and with helm upgrade set all of them again or use --reset-then-reuse-values" (join ", " $missing)) -}}
{{- end -}}
{{- if .Values.agent.enabled -}}{{- include "iam-ra.checkAgent" . -}}{{- end -}}
{{- end -}}
