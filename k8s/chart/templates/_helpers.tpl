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

{{/* An upgrade with some values and without the others would empty the settings: pods that ask would be refused. */}}
{{- define "iam-ra.check" -}}
{{- $missing := list -}}
{{- if not .Values.settings.cluster -}}{{- $missing = append $missing "settings.cluster" -}}{{- end -}}
{{- if not (index .Values.settings "vault-address") -}}{{- $missing = append $missing "settings.vault-address" -}}{{- end -}}
{{- if not .Values.image.repository -}}{{- $missing = append $missing "image.repository" -}}{{- end -}}
{{- if and .Values.defaultRole.enabled (not (index (merge (dict) .Values.defaultRole.settings .Values.settings) "default-role")) -}}
{{- $missing = append $missing "defaultRole.settings.default-role" -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "these values are missing: %s; set them with --values or --set, and with helm upgrade set all of them again or use --reset-then-reuse-values" (join ", " $missing)) -}}
{{- end -}}
{{- end -}}
