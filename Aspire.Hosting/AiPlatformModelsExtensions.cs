using System.Globalization;
using AiPlatform.Hosting.Models;
using AiPlatform.Hosting.Programs;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Says which models a server has, those of providers included, and what runs them.</summary>
public static class AiPlatformModelsExtensions
{
    private static readonly string[] Devices = ["auto", "cpu", "cuda"];

    /// <summary>
    /// Serves a model, and no others than those that are named: without a call the workers serve the models of their image or checkout. The
    /// server is healthy when the model is served. A deployment from projects has the models of its images instead.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="path">The model's folder, which has a <c>model.json</c>; a relative path starts at the AppHost's folder.</param>
    /// <exception cref="DistributedApplicationException">It is no model's folder, or a model has that name already.</exception>
    public static IResourceBuilder<AiPlatformResource> WithModel(this IResourceBuilder<AiPlatformResource> platform, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var group = platform.Resource.Group;
        var model = ModelFolder.Read(group.FullPath(path));
        RefuseBoth(platform, isFolder: false);
        var all = platform.Resource.ModelFolders;
        if (all.Find(one => one.Name == model.Name || Path.GetFileName(one.Path) == Path.GetFileName(model.Path)) is { } same)
        {
            throw new DistributedApplicationException(
                $"'{model.Path}' and '{same.Path}' are folders or models of one name; names must differ.");
        }

        all.Add(model);
        platform.Resource.NamedModels.Add(model.Name);
        if (group.Programs.AreProcesses)
        {
            if (group.IsRunMode && all.Count == 1) platform.WithWorkerSetting("Models:Path", group.TakeData().ModelsPath);
            return platform;
        }

        if (all.Count == 1) platform.WithWorkerSetting("Models:Path", ContainerPrograms.NamedModelsPath);
        group.EachWorker(worker => ((IResourceBuilder<ContainerResource>)worker).WithBindMount(
            model.Path, $"{ContainerPrograms.NamedModelsPath}/{Path.GetFileName(model.Path)}", isReadOnly: true));
        return platform;
    }

    /// <summary>
    /// Serves all models of a folder, also those that are added to it later, instead of those of the image or checkout. A deployment from
    /// projects has the models of its images instead.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="path">The folder of the models' folders; a relative path starts at the AppHost's folder.</param>
    /// <exception cref="DistributedApplicationException">There is no such folder.</exception>
    public static IResourceBuilder<AiPlatformResource> WithModelsFolder(this IResourceBuilder<AiPlatformResource> platform, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var group = platform.Resource.Group;
        var folder = group.FullPath(path);
        RefuseBoth(platform, isFolder: true);
        group.HasModelsFolder = true;
        if (group.Programs.AreProcesses && !group.IsRunMode) return platform;

        ModelFolder.RequireFolder(folder);
        if (group.Programs.AreProcesses) return platform.WithWorkerSetting("Models:Path", folder);
        group.EachWorker(worker => ((IResourceBuilder<ContainerResource>)worker).WithBindMount(
            folder, ContainerPrograms.ModelsPath, isReadOnly: true));
        return platform;
    }

    /// <summary>
    /// Names the model of calls that name none: it is in the connection string, and the server is healthy when the model is served.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="model">The name that requests use.</param>
    public static IResourceBuilder<AiPlatformResource> WithDefaultModel(
        this IResourceBuilder<AiPlatformResource> platform, string model)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        if (model.Contains(';', StringComparison.Ordinal))
            throw new DistributedApplicationException($"The model '{model}' has a semicolon, which a connection string cannot have.");
        platform.Resource.DefaultModel = model;
        platform.Resource.NamedModels.Add(model);
        return platform;
    }

    /// <summary>
    /// Calls models of another server that speaks OpenAI's dialect and asks for no key; <see cref="WithProviderModel"/> names them.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="name">The provider's name.</param>
    /// <param name="baseUrl">Its address, such as <c>http://127.0.0.1:11434/v1</c>.</param>
    /// <exception cref="DistributedApplicationException">The address is none.</exception>
    public static IResourceBuilder<AiPlatformResource> WithProvider(
        this IResourceBuilder<AiPlatformResource> platform, string name, string baseUrl) =>
        platform.WithGatewaySetting($"Providers:{RequireName(name)}:BaseUrl", RequireAddress(name, baseUrl));

    /// <summary>
    /// Calls models of another server that speaks OpenAI's dialect; <see cref="WithProviderModel"/> names them.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="name">The provider's name.</param>
    /// <param name="baseUrl">Its address, such as <c>https://api.openai.com/v1</c>.</param>
    /// <param name="apiKey">Its key.</param>
    /// <exception cref="DistributedApplicationException">The address is none.</exception>
    public static IResourceBuilder<AiPlatformResource> WithProvider(
        this IResourceBuilder<AiPlatformResource> platform, string name, string baseUrl, IResourceBuilder<ParameterResource> apiKey) =>
        platform.WithProvider(name, baseUrl).WithProviderKey(name, apiKey);

    /// <summary>
    /// Calls models of a server that is a resource of the AppHost, too: <c>ReferenceExpression.Create($"{endpoint}/v1")</c>.
    /// </summary>
    /// <param name="platform">The server.</param>
    /// <param name="name">The provider's name.</param>
    /// <param name="baseUrl">Its address.</param>
    /// <param name="apiKey">Its key; null for one that asks for none.</param>
    public static IResourceBuilder<AiPlatformResource> WithProvider(
        this IResourceBuilder<AiPlatformResource> platform, string name, ReferenceExpression baseUrl,
        IResourceBuilder<ParameterResource>? apiKey)
    {
        ArgumentNullException.ThrowIfNull(baseUrl);
        platform.Resource.Group.Gateway.WithEnvironment(
            AiPlatformPartsExtensions.Variable($"Providers:{RequireName(name)}:BaseUrl"), baseUrl);
        return platform.WithProviderKey(name, apiKey);
    }

    /// <summary>Names a model of a provider.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="name">The name that requests use.</param>
    /// <param name="provider">The provider's name.</param>
    /// <param name="upstreamModel">The provider's own name of it; null for the same.</param>
    public static IResourceBuilder<AiPlatformResource> WithProviderModel(
        this IResourceBuilder<AiPlatformResource> platform, string name, string provider, string? upstreamModel = null)
    {
        platform.WithGatewaySetting($"Models:{RequireName(name)}:Provider", RequireName(provider));
        return upstreamModel is null ? platform : platform.WithGatewaySetting($"Models:{name}:UpstreamModel", upstreamModel);
    }

    /// <summary>Runs the workers on an NVIDIA GPU only: they load no model where there is none. From images, takes the GPU image.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="deviceId">The number of the GPU, 0 to 63; null for the first one.</param>
    public static IResourceBuilder<AiPlatformResource> WithGpu(this IResourceBuilder<AiPlatformResource> platform, int? deviceId = null)
    {
        if (deviceId is < 0 or > 63)
        {
            throw new DistributedApplicationException(
                Invariant($"{nameof(WithGpu)} takes the number of a GPU from 0 to 63, not {deviceId}."));
        }

        platform.WithDevice("cuda");
        var group = platform.Resource.Group;
        if (group.Programs.AreProcesses)
            return deviceId is { } id ? platform.WithWorkerSetting("Models:DeviceId", Invariant($"{id}")) : platform;

        group.EachWorker(worker => ContainerPrograms.OnGpu((IResourceBuilder<ContainerResource>)worker, deviceId));
        return platform;
    }

    /// <summary>Says what runs the models.</summary>
    /// <param name="platform">The server.</param>
    /// <param name="device"><c>auto</c> (CUDA where it can be used, else the CPU), <c>cpu</c> or <c>cuda</c>. Default <c>auto</c>.</param>
    /// <exception cref="DistributedApplicationException">There is no such device.</exception>
    public static IResourceBuilder<AiPlatformResource> WithDevice(this IResourceBuilder<AiPlatformResource> platform, string device) =>
        Devices.Contains(device, StringComparer.Ordinal)
            ? platform.WithWorkerSetting("Models:Device", device)
            : throw new DistributedApplicationException(
                $"{nameof(WithDevice)} takes one of {string.Join(", ", Devices)}, not '{device}'.");

    private static IResourceBuilder<AiPlatformResource> WithProviderKey(
        this IResourceBuilder<AiPlatformResource> platform, string name, IResourceBuilder<ParameterResource>? apiKey)
    {
        if (apiKey is not null)
            platform.Resource.Group.Gateway.WithEnvironment(AiPlatformPartsExtensions.Variable($"Providers:{name}:ApiKey"), apiKey);
        return platform;
    }

    private static string RequireAddress(string name, string baseUrl)
    {
        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var address)
            || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new DistributedApplicationException(
                $"The provider '{name}' has no address: '{baseUrl}' is not one such as 'https://api.openai.com/v1'.");
        }

        return baseUrl;
    }

    private static void RefuseBoth(IResourceBuilder<AiPlatformResource> platform, bool isFolder)
    {
        if (platform.Resource.Group.HasModelsFolder || (isFolder && platform.Resource.ModelFolders.Count > 0))
        {
            throw new DistributedApplicationException(
                $"{platform.Resource.Name} has its models named already: call {nameof(WithModelsFolder)} once, or {nameof(WithModel)} for "
                + "each model.");
        }
    }

    private static string RequireName(string name) => string.IsNullOrWhiteSpace(name) || name.Contains(':', StringComparison.Ordinal)
        ? throw new DistributedApplicationException($"'{name}' is no name for a provider or its model: it is empty, or has a colon.")
        : name;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
